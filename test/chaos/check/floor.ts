import type { Move } from '../stack/database-ledger.js';
import { Findings, groupBy, overlaps, wasAway, type Evidence, type Finding } from './evidence.js';

// What stands in the exchange, what agents go through, and who may write: I9, I11, I12, I14, I15, I20, and the processes themselves.

const ms = (at: Date | null): number => at?.getTime() ?? Number.POSITIVE_INFINITY;
const isBuyer = (legId: string): boolean => /^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(legId);

/** I9: no answered buyer stands alone for long but with the music of a hand-over, no bridge waits with a buyer alone in it, nothing outlives the longest talk. */
export function nothingStandsAlone(evidence: Evidence): Finding {
  const found = new Findings();
  const alone = new Spells(LEG_ALONE_MS);
  const lonelyBridge = new Spells(BRIDGE_ALONE_MS);
  const alive = new Spells(evidence.limits.maxTalkSeconds * 1_000 + 45_000);
  for (const { at, legs, bridges } of evidence.looks) {
    const bridged = new Set(bridges.flatMap((bridge) => bridge.legIds));
    const buyers = legs.filter((leg) => isBuyer(leg.id));
    found.judged += buyers.length;
    alone.look(
      at,
      buyers
        .filter((leg) => leg.isUp && !bridged.has(leg.id) && !leg.isInMessage && !hasMusic(evidence, leg.id, at))
        .map((leg) => leg.id),
    );
    alive.look(
      at,
      buyers.map((leg) => leg.id),
    );
    lonelyBridge.look(
      at,
      bridges.flatMap(({ id, legIds }) => (legIds.length === 1 && isBuyer(legIds[0]!) ? [id] : [])),
    );
  }
  for (const [spells, what] of [
    [alone, 'a buyer stood answered and alone'],
    [lonelyBridge, 'a buyer was alone in a bridge'],
    [alive, 'a leg outlived the longest talk'],
  ] as const) {
    for (const { id, from, to } of spells.tooLong()) {
      if (wasAway(evidence, ['exchange'], from.getTime() - 2_000, to.getTime())) found.excuse();
      else
        found.violations.push({
          what: `${what} for ${((to.getTime() - from.getTime()) / 1_000).toFixed(1)} s (${id})`,
          at: from,
        });
    }
  }
  for (const leg of evidence.looks.at(-1)?.legs ?? []) {
    if (isBuyer(leg.id))
      found.violations.push({ what: `the leg ${leg.id} is left in the exchange`, at: leg.createdAt });
  }
  return found;
}

function hasMusic({ rows }: Evidence, callId: string, at: Date): boolean {
  return rows.music.some((music) => music.callId === callId && music.from <= at && at.getTime() <= ms(music.until));
}

/** How long answered buyers stood alone, in ms, as far as looks at their pace can tell; those of a dead exchange are left out. */
export function longestAlone(evidence: Evidence): number[] {
  const alone = new Spells(0);
  for (const { at, legs, bridges } of evidence.looks) {
    const bridged = new Set(bridges.flatMap((bridge) => bridge.legIds));
    const ids = legs.filter((leg) => isBuyer(leg.id) && leg.isUp && !bridged.has(leg.id) && !leg.isInMessage);
    alone.look(
      at,
      ids.map((leg) => leg.id),
    );
  }
  return alone
    .tooLong()
    .filter(({ from, to }) => !wasAway(evidence, ['exchange'], from.getTime() - 2_000, to.getTime()))
    .map(({ from, to }) => to.getTime() - from.getTime());
}

/** Unbroken stretches of looks in which something was so; a gap between looks ends them, since nobody knows. */
class Spells {
  private readonly open = new Map<string, { from: Date; to: Date }>();
  private readonly ended: { id: string; from: Date; to: Date }[] = [];

  constructor(private readonly limitMs: number) {}

  look(at: Date, ids: readonly string[]): void {
    const now = new Set(ids);
    for (const [id, spell] of this.open) {
      if (now.has(id) && at.getTime() - spell.to.getTime() < MOST_BETWEEN_LOOKS_MS) continue;
      this.ended.push({ id, ...spell });
      this.open.delete(id);
    }
    for (const id of now) this.open.set(id, { from: this.open.get(id)?.from ?? at, to: at });
  }

  tooLong(): { id: string; from: Date; to: Date }[] {
    const all = [...this.ended, ...[...this.open].map(([id, spell]) => ({ id, ...spell }))];
    return all.filter(({ from, to }) => to.getTime() - from.getTime() > this.limitMs);
  }
}

/** I11: one buyer for one agent; who is in a talk is never shown as ready. */
export function oneBuyerForEachAgent({ rows, looks }: Evidence): Finding {
  const found = new Findings();
  const talks = rows.calls.filter((call) => call.agentId !== null && call.connectedAt !== null);
  for (const [agentId, calls] of groupBy(talks, (call) => call.agentId!)) {
    found.judged += calls.length;
    for (const [a, b] of overlaps(calls, (call) => [ms(call.connectedAt), ms(call.endedAt)], TALK_SLACK_MS)) {
      found.violations.push({
        what: `agent ${agentId} was in calls ${a.id} and ${b.id} at once`,
        ...(b.connectedAt === null ? {} : { at: b.connectedAt }),
      });
    }
  }
  for (const { at, bridges } of looks) {
    for (const { id, legIds } of bridges) {
      const buyers = legIds.filter(isBuyer);
      found.judge(buyers.length <= 1, () => `${buyers.length} buyers were in the bridge ${id}`, { at });
    }
  }
  const states = agentStates(rows.moves);
  for (const call of talks) {
    for (const state of states.get(call.agentId!) ?? []) {
      if (state.state !== 'ready') continue;
      const shared = Math.min(ms(call.endedAt), state.to) - Math.max(ms(call.connectedAt), state.from);
      found.judge(
        shared <= READY_SLACK_MS,
        () => `agent ${call.agentId} was ready for ${Math.round(shared)} ms in the talk of call ${call.id}`,
        { at: new Date(state.from) },
      );
    }
  }
  return found;
}

/** I12: a reservation ends, and in the end nobody is at a call. */
export function noAgentIsStuck({ rows, limits }: Evidence): Finding {
  const found = new Findings();
  for (const [agentId, states] of agentStates(rows.moves)) {
    for (const { state, from, to } of states) {
      if (state !== 'reserved' || to === Number.POSITIVE_INFINITY) continue;
      found.judge(
        to - from <= limits.reservedSeconds * 1_000 + STUCK_SLACK_MS,
        () => `agent ${agentId} was reserved for ${((to - from) / 1_000).toFixed(1)} s`,
        { at: new Date(from) },
      );
    }
  }
  for (const { agentId, state, callId } of rows.busyAgents) {
    found.judge(false, () => `agent ${agentId} is left ${state} at call ${callId}`);
  }
  return found;
}

/** I14: the metric of abandoned calls is what the rows say, and no call that the exchange never bridged counts as talked. */
export function abandonedIsCounted({ rows, exchange, abandonedRatios }: Evidence): Finding {
  const found = new Findings();
  for (const [shop, calls] of groupBy(rows.calls, (call) => call.shopId)) {
    const gauge = abandonedRatios.get(shop);
    if (gauge === undefined) continue;
    const abandoned = calls.filter((call) => call.result === 'abandoned').length;
    const answered = calls.filter((call) => call.result === 'answered').length + abandoned;
    const ratio = answered === 0 ? 0 : abandoned / answered;
    found.judge(
      Math.abs(gauge - ratio) < 1e-6,
      () => `dialer_abandoned_ratio of ${shop} is ${gauge}; the rows say ${abandoned} of ${answered}`,
    );
  }
  const bridged = new Set(exchange.filter((one) => one.event === 'BRIDGE_ENTER').map((one) => one.legId));
  const answeredLegs = new Set(exchange.filter((one) => one.event === 'ANSWER').map((one) => one.legId));
  for (const call of rows.calls) {
    if (call.result !== 'answered' || call.connectedAt === null || !answeredLegs.has(call.id)) continue;
    found.judge(bridged.has(call.id), () => `call ${call.id} counts as talked and was never bridged`, {
      at: call.plannedAt,
    });
  }
  return found;
}

/** I15: no call is written under a leadership that is over. */
export function onlyTheLeaderWrites({ rows }: Evidence): Finding {
  const found = new Findings();
  for (const { what, id, at, after, epoch, leaderEpoch, leaderForMs } of rows.moves) {
    if (what !== 'call' || epoch === null || leaderEpoch === null) continue;
    const isStale = epoch < leaderEpoch && (leaderForMs ?? 0) > EPOCH_SLACK_MS;
    found.judge(!isStale, () => `call ${id} became ${after} in epoch ${epoch}, while ${leaderEpoch} led`, { at });
  }
  return found;
}

/** Ids of our own making, in which a number may stand by chance: of rows and of traces. */
const IDS = /\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b(?=\d*[a-f])[0-9a-f]{32}\b/g;

/** I20: nothing of a buyer, and no secret, in logs and metrics. */
export function nothingPersonalIsPrinted({ texts, secrets }: Evidence): Finding {
  const found = new Findings();
  const all = [...new Set(secrets)];
  // Numbers are many: they are looked up in the runs of digits of the text, instead of the text in them.
  const numbers = new Set(all.filter((word) => /^\d{9,}$/.test(word)));
  const lengths = [...new Set([...numbers].map((number) => number.length))];
  const words = all.filter((word) => !numbers.has(word) && word.length >= 5);
  for (const { where, text } of texts) {
    const printed = new Set(words.filter((word) => text.includes(word)));
    for (const [run] of text.replaceAll(IDS, '').matchAll(/\d{9,}/g)) {
      for (const length of lengths) {
        for (let at = 0; at + length <= run.length; at += 1) {
          const number = run.slice(at, at + length);
          if (numbers.has(number)) printed.add(number);
        }
      }
    }
    found.judged += all.length;
    for (const word of [...printed].slice(0, 5))
      found.violations.push({ what: `${where} contains ${JSON.stringify(word)}` });
  }
  return found;
}

/** No process of the service ends but by a fault of ours; who is asked to end does so with exit code 0. */
export function processesEndAsMeant({ ends, faults }: Evidence): Finding {
  const found = new Findings();
  for (const { service, pid, exitCode, wasMeant, endedAt } of ends) {
    found.judge(wasMeant, () => `${service} (${pid}) ended by itself with exit code ${String(exitCode)}`, {
      at: endedAt,
    });
  }
  for (const { name, proof, from } of faults) {
    if (!DRAINS.includes(name) || proof === null) continue;
    found.judge(!/exit code (?!0)/.test(proof), () => `a drain went wrong: ${proof}`, { at: from });
  }
  return found;
}

function agentStates(moves: readonly Move[]): Map<string, { state: string; from: number; to: number }[]> {
  const byAgent = groupBy(
    moves.filter((move) => move.what === 'agent'),
    (move) => move.id,
  );
  return new Map(
    [...byAgent].map(([agentId, own]) => [
      agentId,
      own.map((move, index) => ({
        state: move.after,
        from: move.at.getTime(),
        to: own[index + 1]?.at.getTime() ?? Number.POSITIVE_INFINITY,
      })),
    ]),
  );
}

/** Faults that ask a process to end. */
const DRAINS: readonly string[] = ['drain_leader', 'rolling_deploy'];
/** I9, with the pace of the looks. */
const LEG_ALONE_MS = 8_000 + 2_500;
const BRIDGE_ALONE_MS = 10_000 + 2_500;
const MOST_BETWEEN_LOOKS_MS = 4_000;
/** A talk is written a moment after it began or ended. */
const TALK_SLACK_MS = 300;
const READY_SLACK_MS = 1_500;
const STUCK_SLACK_MS = 20_000;
/** A row that was already being written when the leadership changed. */
const EPOCH_SLACK_MS = 150;
