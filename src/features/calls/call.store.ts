import { Injectable } from '@nestjs/common';
import { CARRIER_RINGS_MS } from '../../core/attempt/next-attempt.js';
import { callOfLeg } from '../../core/call/leg-ids.js';
import type { AgentLeg, Call, CallEvent } from '../../core/call/call.js';
import { rows, send, type Tx } from '../../platform/database/transaction.js';
import { Processes } from '../../platform/processes/processes.js';
import type { OrderWork } from '../orders/orders.service.js';
import { isSwitchedOff } from '../../platform/failpoints/failpoints.js';

/** What a call was planned with; everything the shell needs to carry it out again after a restart. */
export interface CallPlan {
  readonly callId: string;
  readonly shopId: string;
  readonly orderRef: string;
  readonly groupId: string;
  /** The leadership under which the call was placed; a write with an older one is refused. */
  readonly epoch: number;
  readonly node: string;
  readonly trunkId: string;
  readonly trunkEndpoint: string;
  /** What the trunk bears. */
  readonly callsPerSecond: number;
  readonly callerId: string | null;
  readonly phoneHash: Buffer;
  /** Language of the recorded message: `uk`, `ru` or `en`. */
  readonly language: string;
  readonly agent: AgentLeg | null;
  readonly agentEndpoint: string | null;
  /** What the agent of the call must be able to do; none = anybody. */
  readonly skills?: readonly string[];
  /** Who talked with the buyer before: takes the answer, if free then. */
  readonly preferredAgentId?: string | null;
  readonly ringSeconds: number;
  readonly maxTalkSeconds: number;
  readonly detectsMachine: boolean;
  /** The attempt's number of the order, from 1. */
  readonly number: number;
  readonly traceId: string;
  /** The run of the exchange (`Telephony.run`) in which the call was planned; null or absent: not known. */
  readonly run?: string | null;
  /** So often calls of the order have ended their process; absent: never. */
  readonly failures?: number;
}

/** The part of a plan that is kept beside the machine. */
export type Route = Pick<
  CallPlan,
  | 'shopId'
  | 'orderRef'
  | 'groupId'
  | 'epoch'
  | 'node'
  | 'trunkId'
  | 'trunkEndpoint'
  | 'callsPerSecond'
  | 'callerId'
  | 'language'
  | 'agentEndpoint'
  | 'skills'
  | 'preferredAgentId'
  | 'number'
  | 'traceId'
  | 'run'
>;

/** What of a plan is kept beside the machine. */
export function routeOf(plan: CallPlan): Route {
  const { shopId, orderRef, groupId, epoch, node, trunkId, trunkEndpoint, callsPerSecond, callerId, language } = plan;
  const { agentEndpoint, skills = [], preferredAgentId = null, number, traceId, run = null } = plan;
  const place = { shopId, orderRef, groupId, epoch, node, trunkId, trunkEndpoint, callsPerSecond, callerId, language };
  return { ...place, agentEndpoint, skills, preferredAgentId, number, traceId, run };
}

export interface StoredCall {
  readonly call: Call;
  readonly route: Route;
  readonly version: number;
  /** When the order to call left for the exchange, or was about to; null: it has not. Absent: the call was planned here, just now. */
  readonly sentAt?: Date | null;
}

/** An event as it is kept: replaying them through `decide` gives the stored state. */
export interface AppliedEvent {
  readonly at: Date;
  readonly event: CallEvent;
}

interface CallRow {
  machine: { call: Call; route: Route };
  version: number;
  /** The first order may have been another when the machine was last written. */
  orderRef?: string;
  sentAt?: Date | null;
}

/** More than any call waits between its plan and its INVITE. */
const BEFORE_DIALED = `interval '5 minutes'`;

@Injectable()
export class CallStore {
  constructor(private readonly processes: Processes) {}

  /**
   * Inserts a planned call and its attempt; false when the order or the number has a live call already, or one that the carrier may still be
   * ringing though it is lost to us, of whichever shop; also when the buyer wishes no calls of this shop, or the leadership is over.
   */
  async insert(tx: Tx, plan: CallPlan, call: Call, route: Route): Promise<boolean> {
    const rows: unknown[] = await tx.query(
      `INSERT INTO calls (id, shop_id, order_ref, group_id, epoch, node, trunk_id, agent_id, phone_hash, state, machine, planned_at, dialed_at, trace_id, line_taken_at, run_by)
       SELECT $1, $2, $3, $4::text, $5::bigint, $6, $7, $8, $9, $10, $11, $12, $13::timestamptz, $14,
         CASE WHEN $13::timestamptz IS NOT NULL THEN clock_timestamp() END, $17
       WHERE ($15::boolean OR EXISTS (SELECT 1 FROM leaders WHERE group_id = $4::text AND epoch = $5::bigint AND expires_at > now()))
         AND NOT EXISTS (SELECT 1 FROM do_not_call WHERE shop_id = $2 AND phone_hash = $9)
         AND NOT EXISTS (SELECT 1 FROM calls lost WHERE lost.phone_hash = $9 AND lost.planned_at > $16::timestamptz - ${BEFORE_DIALED}
           AND lost.dialed_at > $16 AND lost.answered_at IS NULL AND lost.result = 'system_failure'
           AND lost.machine #>> '{call,because}' = 'lost')
       ON CONFLICT DO NOTHING RETURNING id`,
      [
        plan.callId,
        plan.shopId,
        plan.orderRef,
        plan.groupId,
        plan.epoch,
        plan.node,
        plan.trunkId,
        plan.agent?.agentId ?? null,
        plan.phoneHash,
        call.state,
        JSON.stringify({ call, route }),
        call.plannedAt,
        call.dialedAt,
        plan.traceId,
        isSwitchedOff('epoch_fence'),
        new Date(call.plannedAt.getTime() - CARRIER_RINGS_MS),
        this.processes.id,
      ],
    );
    if (rows.length === 0) return false;
    await tx.query(
      `INSERT INTO attempts (id, shop_id, order_ref, call_id, number, planned_at) VALUES ($1, $2, $3, $1, $4, $5)`,
      [plan.callId, plan.shopId, plan.orderRef, plan.number, call.plannedAt],
    );
    return true;
  }

  /**
   * Writes the present state and the events that led to it; the attempts of an ended call are for {@link CallOrders} to end.
   *
   * @returns the call's first order as it is now; null when somebody else has written the call meanwhile, or it has ended: this process no
   *   longer owns it
   */
  async save(tx: Tx, stored: StoredCall, events: readonly AppliedEvent[]): Promise<string | null> {
    const { call, route, version } = stored;
    const isEnded = call.state === 'ended';
    const [saved] = (await tx.query(
      `UPDATE calls SET state = $2, machine = $3, agent_id = COALESCE($4, agent_id), dialed_at = $5, ringing_at = $6, answered_at = $7,
         connected_at = $8, result = $9, ended_at = $10, hangup_cause = $11, tech_cause = $12, version = version + 1
       WHERE id = $1 AND version = $13 AND ended_at IS NULL AND ($15::boolean OR (epoch = $14
         -- Also before the next leader has taken the call over: what this one does not know yet, it will be told by the exchange.
         AND EXISTS (SELECT 1 FROM leaders WHERE leaders.group_id = calls.group_id AND leaders.epoch = $14)))
       RETURNING order_ref AS "orderRef"`,
      [
        call.callId,
        call.state,
        JSON.stringify({ call, route }),
        call.agent?.agentId ?? null,
        call.dialedAt,
        call.ringingAt,
        call.answeredAt,
        call.connectedAt,
        isEnded ? call.result : null,
        isEnded ? call.endedAt : null,
        isEnded ? call.cause : null,
        isEnded ? call.techCause : null,
        version,
        route.epoch,
        isSwitchedOff('epoch_fence'),
      ],
    )) as [{ orderRef: string }[], number];
    const orderRef = saved[0]?.orderRef;
    if (orderRef === undefined) return null;
    if (events.length > 0) {
      await send(
        tx,
        `INSERT INTO call_events (shop_id, call_id, at, event)
         SELECT $1, $2, (e->>'at')::timestamptz, e->'event' FROM jsonb_array_elements($3::jsonb) AS e`,
        [route.shopId, call.callId, JSON.stringify(events)],
      );
    }
    return orderRef;
  }

  /**
   * What the write that follows `stored` under the same leadership has made of the call; null when there was none, or another leader's came.
   */
  async writtenAfter(tx: Tx, { call, route, version }: StoredCall): Promise<Call | null> {
    const found = await rows<CallRow>(
      tx,
      `SELECT machine, version FROM calls WHERE id = $1 AND version = $2 AND epoch = $3`,
      [call.callId, version + 1, route.epoch],
    );
    return found[0] === undefined ? null : reviveCall(found[0]).call;
  }

  /**
   * The live calls of a group, to be taken over: they get the new leadership's epoch, so that the old leader's writes fail. Nobody else takes the group
   * before the transaction ends.
   * @param callIds  these of them only; null: all
   * @throws when the leadership is over: a process that stood still must not take back what others have taken over meanwhile
   */
  async adopt(tx: Tx, groupId: string, epoch: number, callIds: readonly string[] | null = null): Promise<StoredCall[]> {
    if (!isSwitchedOff('epoch_fence')) {
      const led: unknown[] = await tx.query(
        `SELECT 1 FROM leaders WHERE group_id = $1 AND epoch = $2 AND expires_at > now() FOR SHARE`,
        [groupId, epoch],
      );
      if (led.length === 0) throw new Error('the leadership is over');
    }
    const [taken] = (await tx.query(
      `UPDATE calls SET epoch = $2, version = version + 1, run_by = $3, left_by = CASE WHEN run_by = $3 THEN left_by ELSE run_by END
       WHERE group_id = $1 AND ended_at IS NULL AND ($4::uuid[] IS NULL OR id = ANY($4))
       RETURNING machine, version, order_ref AS "orderRef", sent_at AS "sentAt"`,
      [groupId, epoch, this.processes.id, callIds],
    )) as [CallRow[], number];
    return taken.map((row) => {
      const stored = reviveCall(row);
      return { ...stored, route: { ...stored.route, epoch } };
    });
  }

  /**
   * Live calls of these groups that are none of `callIds`, under their leaderships (group to epoch) or earlier ones: a plan may be committed at the very
   * moment at which the next leader takes over.
   */
  async liveBeside(
    tx: Tx,
    led: ReadonlyMap<string, number>,
    callIds: readonly string[],
  ): Promise<{ groupId: string; callId: string }[]> {
    return tx.query(
      `SELECT c.group_id AS "groupId", c.id AS "callId" FROM unnest($1::text[], $2::bigint[]) AS led (group_id, epoch)
       JOIN calls c ON c.ended_at IS NULL AND c.group_id = led.group_id AND c.epoch <= led.epoch AND c.id <> ALL($3::uuid[])`,
      [[...led.keys()], [...led.values()], callIds],
    );
  }

  /** Calls that a process ran when it ended, whoever has taken them over since, as work on their orders. */
  async inHandsOf(tx: Tx, processId: string): Promise<OrderWork[]> {
    return tx.query(
      `SELECT shop_id AS "shopId", order_ref AS "orderRef", 'call' AS work FROM calls
       WHERE (ended_at IS NULL AND $1 IN (run_by, left_by)) OR (ended_at > now() - interval '1 minute' AND left_by = $1)`,
      [processId],
    );
  }

  /**
   * The order to call leaves for the exchange now.
   * @returns false when it must not: it has left before, or another leader runs the call
   */
  async noteSent(tx: Tx, callId: string, epoch: number): Promise<boolean> {
    const found = await rows(
      tx,
      `UPDATE calls SET sent_at = clock_timestamp()
       WHERE id = $1 AND ended_at IS NULL AND ($3::boolean OR (epoch = $2 AND sent_at IS NULL)) RETURNING id`,
      [callId, epoch, isSwitchedOff('epoch_fence')],
    );
    return found.length > 0;
  }

  async find(tx: Tx, callId: string): Promise<StoredCall | null> {
    const rows: CallRow[] = await tx.query(
      `SELECT machine, version, order_ref AS "orderRef" FROM calls WHERE id = $1`,
      [callId],
    );
    return rows[0] === undefined ? null : reviveCall(rows[0]);
  }

  async events(tx: Tx, callId: string): Promise<AppliedEvent[]> {
    const rows: { at: Date; event: CallEvent }[] = await tx.query(
      `SELECT at, event FROM call_events WHERE call_id = $1 ORDER BY id`,
      [callId],
    );
    return rows;
  }

  async liveByShop(tx: Tx): Promise<{ shopId: string; state: string; count: number }[]> {
    return tx.query(
      `SELECT shop_id AS "shopId", state, count(*)::int AS count FROM calls WHERE ended_at IS NULL GROUP BY shop_id, state`,
    );
  }

  /** The agent has written down what became of the call. */
  async noteWrappedUp(tx: Tx, callId: string): Promise<void> {
    await send(tx, `UPDATE calls SET wrapped_up_at = now() WHERE id = $1 AND wrapped_up_at IS NULL`, [callId]);
  }

  /** When its agent could say nothing more of the call: the wrap-up's end, or the call's own where there was none; null while it lives. */
  async closedAt(tx: Tx, callId: string): Promise<Date | null> {
    const rows: { at: Date | null }[] = await tx.query(
      `SELECT coalesce(wrapped_up_at, ended_at) AS at FROM calls WHERE id = $1`,
      [callId],
    );
    return rows[0]?.at ?? null;
  }

  async isLive(tx: Tx, callId: string): Promise<boolean> {
    const rows: unknown[] = await tx.query(`SELECT 1 FROM calls WHERE id = $1 AND ended_at IS NULL`, [callId]);
    return rows.length > 0;
  }

  /** Of these legs, those that belong to live calls: buyers', per-call agents', and those whose ids name their call. */
  async liveAmong(tx: Tx, legIds: readonly string[]): Promise<string[]> {
    const legs = legIds.map((legId) => ({ legId, callId: callOfLeg(legId) }));
    const rows: { id: string }[] = await tx.query(
      `SELECT leg.id FROM unnest($1::text[], $2::text[]) AS leg (id, call_id)
       JOIN calls c ON c.ended_at IS NULL AND (c.id::text = leg.call_id OR c.machine #>> '{call,agent,legId}' = leg.id)`,
      [legs.map(({ legId }) => legId), legs.map(({ callId }) => callId)],
    );
    return rows.map((row) => row.id);
  }

  async putCommand(tx: Tx, callId: string, command: object): Promise<void> {
    await send(tx, `INSERT INTO call_commands (call_id, command) VALUES ($1, $2)`, [callId, JSON.stringify(command)]);
  }

  /** What is asked of these calls and has not been taken, in the order in which it was asked. */
  async waitingCommands<C>(tx: Tx, callIds: readonly string[]): Promise<{ id: string; callId: string; command: C }[]> {
    return rows(
      tx,
      `SELECT id, call_id AS "callId", command FROM call_commands WHERE taken_at IS NULL AND call_id = ANY($1) ORDER BY id`,
      [callIds],
    );
  }

  /** They have been carried out. */
  async takeCommands(tx: Tx, ids: readonly string[]): Promise<void> {
    await send(tx, 'UPDATE call_commands SET taken_at = now() WHERE id = ANY($1)', [ids]);
  }
}

const DATES = [
  'plannedAt',
  'since',
  'dialedAt',
  'ringingAt',
  'answeredAt',
  'connectedAt',
  'endedAt',
  'until',
  'machineAt',
  'startedAt',
];

/** A call read back from JSON: its instants become dates again. */
export function reviveCall(row: CallRow): StoredCall {
  const revive = (value: unknown): unknown => {
    if (value === null || typeof value !== 'object') return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [
        key,
        DATES.includes(key) && typeof inner === 'string'
          ? new Date(inner)
          : Array.isArray(inner)
            ? inner
            : revive(inner),
      ]),
    );
  };
  const { route } = row.machine;
  return {
    call: revive(row.machine.call) as Call,
    route: { ...route, orderRef: row.orderRef ?? route.orderRef },
    version: row.version,
    ...(row.sentAt === undefined ? {} : { sentAt: row.sentAt }),
  };
}
