import fastifyStatic from '@fastify/static';
import { Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';

/** Serves folders of files (pages, scripts, styles) that a room owns. */
@Injectable()
export class StaticPages {
  private isDecorated = false;

  constructor(private readonly adapter: HttpAdapterHost) {}

  /**
   * Serves a folder below an address, at start (`onModuleInit`).
   * @param prefix  `/desktop/`; without its last slash the browser is sent there
   * @param folder  absolute path; dotfiles are not served
   */
  serve(prefix: string, folder: string): void {
    const instance = this.adapter.httpAdapter.getInstance<FastifyInstance>();
    // Not awaited: that would start the server's plugins before the framework has set its error handler; `ready()` waits for all of them.
    void instance.register(fastifyStatic, {
      root: folder,
      prefix,
      redirect: true,
      dotfiles: 'deny',
      cacheControl: false,
      // Revalidated at each load: after a deploy nobody works with yesterday's page.
      setHeaders: (reply) => void reply.header('cache-control', 'no-cache'),
      decorateReply: !this.isDecorated,
    });
    this.isDecorated = true;
  }
}
