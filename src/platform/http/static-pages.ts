import fastifyStatic from '@fastify/static';
import { Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import { join, sep } from 'node:path';

/** Serves folders of files (pages, scripts, styles) that a room owns. */
@Injectable()
export class StaticPages {
  private isDecorated = false;

  constructor(private readonly adapter: HttpAdapterHost) {}

  /**
   * Serves a folder below an address, at start (`onModuleInit`).
   * @param prefix  `/desktop/`; without its last slash the browser is sent there
   * @param folder  absolute path; dotfiles are not served; `.br` and `.gz` beside a file are sent to browsers that read them
   * @param o.unchanging  folder within whose files never change under their names (built assets with a hash): browsers keep them for a year
   */
  serve(prefix: string, folder: string, o: { readonly unchanging?: string } = {}): void {
    const unchanging = o.unchanging === undefined ? null : join(folder, o.unchanging, sep);
    const instance = this.adapter.httpAdapter.getInstance<FastifyInstance>();
    // Not awaited: that would start the server's plugins before the framework has set its error handler; `ready()` waits for all of them.
    void instance.register(fastifyStatic, {
      root: folder,
      prefix,
      redirect: true,
      dotfiles: 'deny',
      cacheControl: false,
      preCompressed: true,
      // Everything else is revalidated at each load: after a deploy nobody works with yesterday's page.
      setHeaders: (reply, path) => {
        const isUnchanging = unchanging !== null && path.startsWith(unchanging);
        void reply.header('cache-control', isUnchanging ? 'public, max-age=31536000, immutable' : 'no-cache');
      },
      decorateReply: !this.isDecorated,
    });
    this.isDecorated = true;
  }
}
