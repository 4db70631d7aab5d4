import type { RoutingHints } from '../../core/agent/call-needs.js';
import type { OrderCard, OrderContent } from '../../core/order/order-card.js';
import type { Vault } from '../../platform/auth/vault.js';
import type { OrderRow } from './order-row.js';

/** A stored order made readable; null for a cancel whose create has not come. */
export function orderCard(row: OrderRow, vault: Vault): OrderCard | null {
  if (row.cardEncrypted === null) return null;
  return {
    ...(JSON.parse(vault.decrypt(row.cardEncrypted)) as OrderContent),
    id: row.orderRef,
    shopId: row.shopId,
    version: row.version,
    status: row.status,
    outcome: row.outcome,
    registeredAt: row.registeredAt.toISOString(),
    callBy: row.callBy?.toISOString() ?? null,
    attempts: row.attemptsMade,
    callbackAt: row.callbackAt?.toISOString() ?? null,
    isWithdrawRequested: row.withdrawRequestedAt !== null,
  };
}

/** What the choice of an agent needs; sealed like the card, since a shop may write anything into these fields. */
export function routingOf(content: OrderContent): RoutingHints {
  return {
    itemGroups: [...new Set(content.items.flatMap(({ group }) => group ?? []))],
    language: content.customer.language,
    region: content.delivery.city,
  };
}
