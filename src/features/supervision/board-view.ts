import type { Rights } from './rights.js';
import type { BoardHistoryMessage, BoardMessage } from './supervision.protocol.js';

/** Of the whole floor, what these rights cover. Trunks are everybody's: a full or refusing one concerns all groups. */
export function seenWith(rights: Rights, board: BoardMessage): BoardMessage {
  const shops = board.shops.filter(({ groups }) => rights.coversAny(groups));
  const own = new Set(shops.map(({ shop }) => shop));
  return {
    ...board,
    groups: board.groups.filter(({ group }) => rights.coversGroup(group)),
    shops,
    agents: board.agents.filter(({ groups }) => rights.coversAny(groups)),
    calls: board.calls.filter(({ group }) => rights.coversGroup(group)),
    urgent: board.urgent.filter(({ shop }) => own.has(shop)),
    held: board.held.filter(({ shop }) => own.has(shop)),
  };
}

/** The same of the last hour. */
export function historySeenWith(rights: Rights, history: BoardHistoryMessage): BoardHistoryMessage {
  return {
    at: history.at,
    shops: history.shops.filter(({ groups }) => rights.coversAny(groups)),
    calls: history.calls.filter(({ group }) => rights.coversGroup(group)),
    work: history.work.filter(({ groups }) => rights.coversAny(groups)),
  };
}
