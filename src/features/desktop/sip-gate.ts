import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { IncomingMessage, Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { Settings, type AriNode } from '../../platform/config/settings.js';
import { Log } from '../../platform/log/log.js';
import { AgentsService } from '../agents/agents.service.js';
import { SessionCookie } from './session-cookie.js';

/** Where browsers' phones connect (`GET /v1/agent/softphone` names it). */
export const SIP_ADDRESS = '/v1/agent/sip';
/** Asterisk's own place for it. */
const EXCHANGE_PATH = '/ws';
const CONNECT_LIMIT_MS = 3_000;
/** A session that was switched off must end within 5 s. */
const SESSION_CHECK_MS = 3_000;
/** What a WebSocket is opened with; everything else of the request stays here, the session's cookie first of all. */
const PASSED_ON = ['sec-websocket-key', 'sec-websocket-version', 'sec-websocket-protocol', 'sec-websocket-extensions'];

interface Line {
  readonly token: string;
  readonly browser: Duplex;
}

/**
 * SIP over WebSocket for the phones in agents' browsers, handed through to the exchange as it is: browsers know one address, ours, and the
 * exchange's HTTP port, which also serves ARI, is seen by nobody. A session is needed to get here, and the phone's own password beyond; the
 * connection ends with the session. Sound does not come this way.
 */
@Injectable()
export class SipGate implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly lines = new Set<Line>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly adapter: HttpAdapterHost,
    private readonly settings: Settings,
    private readonly agents: AgentsService,
    private readonly cookie: SessionCookie,
    private readonly log: Log,
  ) {}

  onApplicationBootstrap(): void {
    if (!this.settings.roles.has('api')) return;
    const server = this.adapter.httpAdapter.getHttpServer() as Server;
    server.on('upgrade', (request: IncomingMessage, browser: Duplex, head: Buffer) => {
      browser.on('error', () => browser.destroy());
      this.open(request, browser, head).catch((error: unknown) => {
        this.log.warn("a browser's phone could not be connected to the exchange", { error });
        refuse(browser, 503, 'Service Unavailable');
      });
    });
    this.timer = setInterval(() => void this.endDeadSessions(), SESSION_CHECK_MS);
    this.timer.unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
    for (const { browser } of this.lines) browser.destroy();
  }

  private async open(request: IncomingMessage, browser: Duplex, head: Buffer): Promise<void> {
    const path = (request.url ?? '').split('?')[0];
    if (path !== SIP_ADDRESS || this.settings.isTelephonyVirtual) return refuse(browser, 404, 'Not Found');
    const token = this.cookie.tokenOfUpgrade(request);
    const agent = token === null ? null : await this.agents.authenticate(token);
    if (token === null || agent === null) return refuse(browser, 401, 'Unauthorized');
    const exchange = await this.connectToExchange();
    if (browser.destroyed) {
      exchange.destroy();
      return;
    }
    exchange.write(handshake(request, exchange));
    if (head.length > 0) exchange.write(head);
    browser.pipe(exchange);
    exchange.pipe(browser);
    const line: Line = { token, browser };
    this.lines.add(line);
    exchange.once('close', () => browser.destroy());
    browser.once('close', () => {
      this.lines.delete(line);
      exchange.destroy();
    });
  }

  /** The first exchange that answers. */
  private async connectToExchange(): Promise<Socket> {
    let problem: unknown = new Error('there is no exchange');
    for (const node of this.settings.ariNodes) {
      try {
        return await socketTo(node);
      } catch (error) {
        problem = error;
      }
    }
    throw problem;
  }

  private async endDeadSessions(): Promise<void> {
    for (const { token, browser } of this.lines) {
      try {
        if ((await this.agents.authenticate(token)) === null) browser.destroy();
      } catch {
        // The database is away: what has been let in stays.
        return;
      }
    }
  }
}

function socketTo(node: AriNode): Promise<Socket> {
  const { protocol, hostname, port } = new URL(node.url);
  const isTls = protocol === 'https:';
  const host = hostname.replace(/^\[|\]$/g, '');
  const target = { host, port: Number(port || (isTls ? 443 : 80)) };
  const socket = isTls ? connectTls({ ...target, servername: host }) : connect(target);
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => socket.destroy(new Error('the exchange did not answer')), CONNECT_LIMIT_MS);
    socket.once(isTls ? 'secureConnect' : 'connect', () => {
      clearTimeout(timer);
      socket.setNoDelay(true);
      socket.setKeepAlive(true, 15_000);
      socket.on('error', () => socket.destroy());
      resolve(socket);
    });
    socket.once('error', (error: Error) => {
      clearTimeout(timer);
      reject(error);
    });
  });
}

function handshake(request: IncomingMessage, exchange: Socket): string {
  const passed = PASSED_ON.flatMap((name) => {
    const value = request.headers[name];
    return value === undefined ? [] : [`${name}: ${[value].flat().join(', ')}`];
  });
  return [
    `GET ${EXCHANGE_PATH} HTTP/1.1`,
    `host: ${exchange.remoteAddress ?? 'exchange'}:${exchange.remotePort ?? 0}`,
    'upgrade: websocket',
    'connection: Upgrade',
    ...passed,
    '\r\n',
  ].join('\r\n');
}

function refuse(browser: Duplex, status: number, reason: string): void {
  browser.end(`HTTP/1.1 ${status} ${reason}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
}
