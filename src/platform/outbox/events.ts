import { Injectable } from '@nestjs/common';
import type { Tx } from '../database/transaction.js';

/** A kind of fact that a room publishes, in `<room>.events.ts`. */
export interface EventDefinition<P> {
  /** `order.received`: the room's thing and what happened to it. */
  readonly name: string;
  /** Only carries the payload's type. */
  readonly payload?: P;
}

/** Names a fact. The name is unique in the product. */
export function defineEvent<P>(name: string): EventDefinition<P> {
  return { name };
}

type Handler = (tx: Tx, payload: unknown) => Promise<void>;

/**
 * Facts from a room to rooms that stand later in the order.
 *
 * A fact is told inside the transaction that made it true: handlers run in that transaction, in order of registration, and what they write is committed or
 * rolled back together with it. Whatever must leave the process (a call to a shop, to Asterisk) is a job enqueued by the handler, never done in it.
 */
@Injectable()
export class Events {
  private readonly handlers = new Map<string, Handler[]>();

  /** Registers a handler, at start (`onModuleInit`). */
  on<P>(event: EventDefinition<P>, handler: (tx: Tx, payload: P) => Promise<void>): void {
    const known = this.handlers.get(event.name) ?? [];
    this.handlers.set(event.name, [...known, handler as Handler]);
  }

  /** Tells all handlers, one after the other. What a handler throws reaches the publisher and rolls everything back. */
  async publish<P>(tx: Tx, event: EventDefinition<P>, payload: P): Promise<void> {
    for (const handler of this.handlers.get(event.name) ?? []) await handler(tx, payload);
  }
}
