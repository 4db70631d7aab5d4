import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { IncomingMessage, Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { Settings, type AriNode } from '../../platform/config/settings.js';
import { Log } from '../../platform/log/log.js';
import { AgentsService } from '../agents/agents.service.js';
import { CallsService } from '../calls/calls.service.js';
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

/** How soon a phone follows its agent's group to another node. */
const FOLLOW_EVERY_MS = 1_000;
/** A node that a phone belongs on and that could not be reached is tried again after so long. */
const TRY_AGAIN_MS = 15_000;

interface Line {
  readonly token: string;
  readonly browser: Duplex;
  readonly agentId: string;
  readonly groupId: string;
  /** The name of the node that it leads to. */
  readonly node: string;
  /** The node that it should lead to when it was opened. */
  readonly wanted: string | null;
  readonly openedAtMs: number;
}

/**
 * SIP over WebSocket for the phones in agents' browsers, handed through to the exchange as it is: browsers know one address, ours, and the
 * exchange's HTTP port, which also serves ARI, is seen by nobody. A session is needed to get here, and the phone's own password beyond; the
 * connection ends with the session. Of several nodes it leads to the one where the agent's line stands, or should; when that changes it is ended, and the
 * browser comes back to the other one. Sound does not come this way.
 */
@Injectable()
export class SipGate implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly lines = new Set<Line>();
  private timer: NodeJS.Timeout | undefined;
  private followTimer: NodeJS.Timeout | undefined;

  constructor(
    private readonly adapter: HttpAdapterHost,
    private readonly settings: Settings,
    private readonly agents: AgentsService,
    private readonly calls: CallsService,
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
    if (this.settings.ariNodes.length === 1) return;
    this.followTimer = setInterval(() => void this.follow(), FOLLOW_EVERY_MS);
    this.followTimer.unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
    clearInterval(this.followTimer);
    for (const { browser } of this.lines) browser.destroy();
  }

  private async open(request: IncomingMessage, browser: Duplex, head: Buffer): Promise<void> {
    const path = (request.url ?? '').split('?')[0];
    if (path !== SIP_ADDRESS || this.settings.isTelephonyVirtual) return refuse(browser, 404, 'Not Found');
    const token = this.cookie.tokenOfUpgrade(request);
    const agent = token === null ? null : await this.agents.authenticate(token);
    if (token === null || agent === null) return refuse(browser, 401, 'Unauthorized');
    const wanted = await this.nodeOf(agent.agentId);
    const { exchange, node } = await this.connectToExchange(wanted);
    if (browser.destroyed) {
      exchange.destroy();
      return;
    }
    exchange.write(handshake(request, exchange));
    if (head.length > 0) exchange.write(head);
    browser.pipe(exchange);
    exchange.pipe(browser);
    const { agentId, groupIds } = agent;
    const groupId = groupIds[0] ?? '';
    const line: Line = { token, browser, agentId, groupId, node, wanted, openedAtMs: performance.now() };
    this.lines.add(line);
    exchange.once('close', () => browser.destroy());
    browser.once('close', () => {
      this.lines.delete(line);
      exchange.destroy();
    });
  }

  /** Null: the only one, or not known. */
  private async nodeOf(agentId: string): Promise<string | null> {
    if (this.settings.ariNodes.length === 1) return null;
    try {
      return await this.calls.lineNodeOf(agentId);
    } catch (error) {
      this.log.warn('the node of a phone cannot be read', { agentId, error });
      return null;
    }
  }

  /** Ends connections to a node where the agent's line does not stand and should not: the browser comes back at once. */
  private async follow(): Promise<void> {
    try {
      for (const line of this.lines) {
        if ((await this.calls.homeOf(line.groupId)) === line.node) continue;
        const node = await this.calls.lineNodeOf(line.agentId);
        const isKnown = this.settings.ariNodes.some(({ name }) => name === node);
        const wasTried = node === line.wanted && performance.now() - line.openedAtMs < TRY_AGAIN_MS;
        if (isKnown && node !== line.node && !wasTried) line.browser.destroy();
      }
    } catch (error) {
      this.log.debug('the nodes of phones cannot be read', { error });
    }
  }

  /** The wanted exchange, else the first that answers. */
  private async connectToExchange(wanted: string | null): Promise<{ exchange: Socket; node: string }> {
    let problem: unknown = new Error('there is no exchange');
    const nodes = this.settings.ariNodes;
    const others = nodes.filter(({ name }) => name !== wanted);
    for (const node of [...nodes.filter(({ name }) => name === wanted), ...others]) {
      try {
        return { exchange: await socketTo(node), node: node.name };
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
