import { Progress } from '@mantine/core';
import type { BoardTrunk } from '../../src/features/supervision/supervision.protocol.js';
import { useWords } from '../shared/language.js';
import { Panel } from './panel.js';
import classes from './lists.module.css';

/** Lines in use on each trunk, and whether the trunk is trusted. */
export function TrunkList({ trunks }: { readonly trunks: readonly BoardTrunk[] }) {
  const { word, formats } = useWords();
  const isOpen = trunks.some(({ circuit }) => circuit === 'open');
  return (
    <Panel
      title={word('board/lines/title')}
      isEmpty={trunks.length === 0}
      emptyText={word('board/tile/linesNone')}
      tone={isOpen ? 'bad' : undefined}
    >
      <ul className={classes.list}>
        {trunks.map(({ trunk, inUse, maxChannels, circuit, retryAt }) => (
          <li key={trunk} className={classes.row} data-trunk={trunk}>
            <strong>{trunk}</strong>
            <span className={classes.grow} data-tone={circuit === 'open' ? 'bad' : undefined}>
              {word(`board/lines/${circuit}`, { time: retryAt === null ? '–' : formats.clock(retryAt) })}
            </span>
            <Progress
              className={classes.bar}
              value={(inUse / maxChannels) * 100}
              aria-label={word('board/lines/use', { used: inUse, most: maxChannels })}
            />
            <span className={classes.dim}>{word('board/lines/use', { used: inUse, most: maxChannels })}</span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
