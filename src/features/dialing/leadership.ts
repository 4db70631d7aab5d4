import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { Injectable } from '@nestjs/common';
import { Notifications } from '../../platform/database/notifications.js';
import { Transactions } from '../../platform/database/transaction.js';
import { isSwitchedOff } from '../../platform/failpoints/failpoints.js';

/** A lease is good for this long; the leader renews it at each third. A dead leader is followed within 10 s (decisions: leadership). */
const LEASE_SECONDS = 6;
export const RENEW_EVERY_MS = 2_000;
/** How long the holder itself trusts in its lease, from before it asked for it: a little less than the database does. */
export const TRUST_MS = LEASE_SECONDS * 1_000 - 500;
/** Word to the other dialers that a lease can be had: they ask at once. */
export const LEASE_FREE = 'lease';

/**
 * Who dials for an agent group: one row per group with the holder, an epoch that grows with every change of holder, and an expiry by the
 * database's clock. A lease that ran out while nobody else wanted it goes on in its epoch. Writes of calls carry the epoch, so a leader that was paused
 * cannot write any more once another has taken over. Who reaches more of what the group needs of the exchange takes the lease from who reaches less: a
 * leader whose own link to the group's node is down is of no use while another one's works.
 */
@Injectable()
export class Leadership {
  private readonly holder = `${hostname()}:${process.pid}:${randomUUID().slice(0, 8)}`;

  private readonly everLed = new Map<string, number>();

  constructor(
    private readonly transactions: Transactions,
    private readonly notifications: Notifications,
  ) {}

  /**
   * Takes or renews the lease of each group.
   * @param reaches  of each group, how much this process reaches of what it needs of the exchange; 0 while it may place no calls
   * @param isLess  some of it has become less: the others are told
   * @returns the epoch of every group that is ours now
   */
  async claim(reaches: ReadonlyMap<string, number>, isLess = false): Promise<Map<string, number>> {
    if (reaches.size === 0) return new Map();
    const groupIds = [...reaches.keys()].sort();
    const rows = await this.transactions.run(async (tx): Promise<{ group_id: string; epoch: string }[]> => {
      const claimed: { group_id: string; epoch: string }[] = await tx.query(
        `INSERT INTO leaders AS l (group_id, holder, epoch, expires_at, reach)
           SELECT g.group_id, $2, 1, now() + make_interval(secs => $3), g.reach
           FROM unnest($1::text[], $4::int[]) WITH ORDINALITY AS g (group_id, reach, n) ORDER BY g.n
           ON CONFLICT (group_id) DO UPDATE SET
             holder = EXCLUDED.holder,
             epoch = l.epoch + (CASE WHEN l.holder = EXCLUDED.holder THEN 0 ELSE 1 END),
             expires_at = EXCLUDED.expires_at,
             reach = EXCLUDED.reach
           WHERE l.holder = EXCLUDED.holder OR l.expires_at <= now() OR l.reach < EXCLUDED.reach
           RETURNING group_id, epoch`,
        [groupIds, this.holder, LEASE_SECONDS, groupIds.map((groupId) => reaches.get(groupId) ?? 0)],
      );
      if (isLess) await this.notifications.notify(tx, 'dialer', LEASE_FREE);
      return claimed;
    });
    const claimed = new Map(rows.map((row) => [row.group_id, Number(row.epoch)]));
    if (!isSwitchedOff('epoch_fence')) return claimed;
    // Tests only: a leader that does not notice that its time is over.
    for (const [groupId, epoch] of claimed) this.everLed.set(groupId, epoch);
    return new Map(this.everLed);
  }

  /** Every group, and whether somebody leads it now, by the database's clock. */
  async look(): Promise<{ groupId: string; isLed: boolean }[]> {
    return this.transactions.read((tx) =>
      tx.query(
        `SELECT g.group_id AS "groupId", coalesce(l.expires_at > now(), false) AS "isLed"
           FROM groups g LEFT JOIN leaders l ON l.group_id = g.group_id`,
      ),
    );
  }

  /** Gives the groups up at once, so that another process need not wait for the lease to end. */
  async release(groupIds: readonly string[]): Promise<void> {
    await this.transactions.run(async (tx) => {
      await tx.query(`UPDATE leaders SET expires_at = now() WHERE group_id = ANY($1) AND holder = $2`, [
        groupIds,
        this.holder,
      ]);
      await this.notifications.notify(tx, 'dialer', LEASE_FREE);
    });
  }
}
