import type { ShopSettings } from '../../core/order/shop-settings.js';
import type { Tx } from '../../platform/database/transaction.js';

/** What a shop's settings name that is not there yet: orders would wait for it. Nothing to refuse, since it may come later. */
export async function warningsAbout(tx: Tx, settings: ShopSettings): Promise<string[]> {
  const groups = settings.agentGroups.map(({ group }) => group);
  const skills = [...new Set(settings.skillRules.map(({ skill }) => skill))];
  const rows = (await tx.query(
    `SELECT 'group' AS kind, g.word AS name FROM unnest($1::text[]) AS g (word)
       WHERE NOT EXISTS (SELECT 1 FROM groups WHERE group_id = g.word)
     UNION ALL SELECT 'skill', s.word FROM unnest($2::text[]) AS s (word)
       WHERE NOT EXISTS (SELECT 1 FROM agents WHERE is_enabled AND s.word = ANY(skills))`,
    [groups, skills],
  )) as { kind: 'group' | 'skill'; name: string }[];
  return rows.map(({ kind, name }) =>
    kind === 'group'
      ? `There is no group "${name}" yet: create it with PUT /v1/admin/groups/${name}, or its orders wait for an agent.`
      : `No agent has the skill "${name}" yet: give it to one with PUT /v1/admin/agents/{login}, or orders that need it wait.`,
  );
}
