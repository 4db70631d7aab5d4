import type { BoardGroup, BoardPacing, BoardShop } from '../../src/features/supervision/supervision.protocol.js';
import { useWords, type Word } from '../shared/language.js';
import type { Formats } from '../shared/format.js';
import { PACING_WORDS } from './pacing-words.js';
import { Panel } from './panel.js';
import classes from './lists.module.css';

/** For each group, why its leader places as many calls as it does. */
export function PacingList({
  groups,
  shops,
}: {
  readonly groups: readonly BoardGroup[];
  readonly shops: readonly BoardShop[];
}) {
  const { word, formats } = useWords();
  const isAlone = groups.some(({ pacing }) => pacing === null || pacing.reason === 'telephony_down');
  return (
    <Panel title={word('board/pacing/title')} tone={isAlone ? 'bad' : undefined}>
      <ul className={classes.list}>
        {groups.map(({ group, name, pacing }) => (
          <li key={group} data-group={group} data-tone={pacing === null ? 'bad' : undefined}>
            <strong>{name}</strong>
            <span>{pacing === null ? word('board/pacing/nobody') : sentence(pacing, shops, word, formats)}</span>
            {pacing !== null && <small>{figures(pacing, word, formats)}</small>}
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function sentence(pacing: BoardPacing, shops: readonly BoardShop[], word: Word, formats: Formats): string {
  const names = pacing.nearCap.map((id) => shops.find(({ shop }) => shop === id)?.name ?? id);
  return word(`board/pacing/${PACING_WORDS[pacing.reason]}`, {
    due: formats.count(pacing.ordersDue),
    free: pacing.agentsFree,
    dial: pacing.dial,
    shops: names.length === 0 ? '–' : names.join(', '),
    risk: pacing.risk === null ? '–' : formats.share(pacing.risk),
    accepted: formats.share(pacing.acceptedRisk),
  });
}

function figures(pacing: BoardPacing, word: Word, formats: Formats): string {
  return word('board/pacing/figures', {
    mode: word(`board/pacing/${pacing.mode}`),
    due: formats.count(pacing.ordersDue),
    free: pacing.agentsFree,
    ratio: formats.percent(pacing.answerRatio),
  });
}
