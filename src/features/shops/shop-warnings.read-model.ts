import { doMeet, weekOf } from '../../core/calling-hours/calling-hours.js';
import { boundingHours } from '../../core/calling-hours/jurisdiction.js';
import type { ShopSettings } from '../../core/order/shop-settings.js';
import type { Tx } from '../../platform/database/transaction.js';

/** What orders of the shop would wait for: groups and skills that are not there yet, hours that never come. Nothing to refuse, since it may change. */
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
  const missing = rows.map(({ kind, name }) =>
    kind === 'group'
      ? `There is no group "${name}" yet: create it with PUT /v1/admin/groups/${name}, or its orders wait for an agent.`
      : `No agent has the skill "${name}" yet: give it to one with PUT /v1/admin/agents/{login}, or orders that need it wait.`,
  );
  return [...missing, ...warningsAboutHours(settings)];
}

function warningsAboutHours({ callingHours, jurisdiction }: ShopSettings): string[] {
  if (doMeet(weekOf(callingHours), weekOf(boundingHours(jurisdiction)))) return [];
  const hours = `the calling hours of the shop and those of its jurisdiction (${jurisdiction})`;
  return [`No order can ever be called: on no day of the week do ${hours} meet.`];
}
