import type { AttemptResult } from '../../../src/core/call/result.js';
import type { ShopSettings } from '../../../src/core/order/shop-settings.js';
import type { Database } from '../shell/database.js';
import type { CallRow, OrderRow } from '../shell/rows.js';
import { CallingOracle } from './calling-oracle.js';
import type { Findings } from './findings.js';

/** Results that the buyer had no part in: their gaps are not the buyer's peace. */
const NOT_THE_BUYERS: readonly AttemptResult[] = ['carrier_failure', 'system_failure', 'withdrawn'];
const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
/** Between the plan of a call and its INVITE. */
const GRACE_MS = 2_000;
const CALLBACK_EARLY_MS = 31_000;

/** I6: at the instant of each INVITE the hours are open, and neither the number of attempts nor the gap between them is broken. */
export class BuyerPeace {
  private readonly oracle = new CallingOracle();
  private readonly callbacks = new Map<string, Date>();

  constructor(
    private readonly findings: Findings,
    private readonly database: Database,
    private readonly settingsOf: (shopId: string) => ShopSettings,
    private readonly zonesOf: (order: OrderRow) => readonly string[],
    private readonly boundingHours: (settings: ShopSettings) => ShopSettings['callingHours'],
  ) {}

  /** The promise is gone from the order as soon as the call moves it. */
  onCallPlaced(row: CallRow): void {
    const { callbackAt } = this.database.order(row.route.orderRef);
    if (callbackAt !== null) this.callbacks.set(row.callId, callbackAt);
  }

  onInvite(callId: string): void {
    const row = this.database.calls.get(callId);
    if (row === undefined) return this.findings.broken('I1', 'an INVITE for a call that nobody wrote down', [callId]);
    const order = this.database.order(row.route.orderRef);
    const settings = this.settingsOf(order.shopId);
    const ids = [callId, order.orderRef];
    const now = this.findings.time.nowMs();
    for (const zone of this.zonesOf(order)) {
      for (const hours of [settings.callingHours, this.boundingHours(settings)]) {
        if (!this.oracle.isOpen(hours, zone, now, GRACE_MS))
          this.findings.broken('I6', `an INVITE outside the calling hours of ${zone}`, ids);
      }
    }
    const promised = this.callbacks.get(callId);
    if (promised !== undefined && now < promised.getTime() - CALLBACK_EARLY_MS)
      this.findings.broken('I6', 'a callback before its time', ids);
    if (order.withdrawRequestedAt !== null && now - order.withdrawRequestedAt.getTime() > 1_000)
      this.findings.broken('I7', 'an INVITE for an order that the shop took back', ids);
    if (settings.jurisdiction !== 'demo' && promised === undefined) this.checkLimits(order, callId, settings, ids);
  }

  private checkLimits(order: OrderRow, callId: string, settings: ShopSettings, ids: readonly string[]): void {
    const now = this.findings.time.nowMs();
    const before = order.attempts.filter((one) => one.callId !== callId && one.result !== null);
    const charged = before.filter(({ result }) => result !== null && !NOT_THE_BUYERS.includes(result));
    if (charged.length >= settings.retry.maxAttempts)
      this.findings.broken('I6', `attempt ${charged.length + 1} of at most ${settings.retry.maxAttempts}`, ids);
    const today = before.filter(
      (one) =>
        now - one.plannedAt.getTime() < DAY_MS - GRACE_MS &&
        (one.hasRung || (one.result !== null && !NOT_THE_BUYERS.includes(one.result))),
    );
    if (today.length >= settings.retry.maxPer24Hours)
      this.findings.broken('I6', `attempt ${today.length + 1} within 24 hours`, ids);
    const last = charged.at(-1);
    if (last?.endedAt == null || last.result === null) return;
    const gapMinutes =
      settings.retry.byResult[last.result]?.gapMinutes ?? (last.result === 'abandoned' ? 1 : settings.retry.gapMinutes);
    if (now - last.endedAt.getTime() < gapMinutes * MINUTE_MS - GRACE_MS)
      this.findings.broken('I6', `called again before the gap of ${gapMinutes} min after ${last.result}`, ids);
  }
}
