import type { BoardMessage } from '../../src/features/supervision/supervision.protocol.js';
import { duration } from '../shared/format.js';
import { useWords } from '../shared/language.js';
import { useNow } from '../shared/ticking.js';
import { ratioOf, strain, worstAbandon, type HourSeries } from './board-filter.js';
import { Explained } from './explained.js';
import classes from './tiles.module.css';

type Tone = 'calm' | 'good' | 'warn' | 'bad';

const PART = ' · ';
/** A number stays with its word. */
const unbroken = (part: string) => part.replaceAll(' ', '\u00a0');

/** One large number, what it is, and its parts. */
function Tile(props: {
  readonly name: 'due' | 'late' | 'calls' | 'agents' | 'abandoned' | 'answered' | 'lines';
  readonly value: string;
  readonly sub: string;
  readonly tone?: Tone;
}) {
  const { word } = useWords();
  const { name, value, sub, tone = 'calm' } = props;
  return (
    <Explained
      label={word(`board/tile/${name}`)}
      text={word(`board/tile/${name}Text`)}
      className={classes.tile}
      tone={tone}
    >
      <h2 className={classes.name}>{word(`board/tile/${name}`)}</h2>
      <p className={classes.value} data-tile={name}>
        {value}
      </p>
      <p className={classes.sub}>{sub.includes(PART) ? sub.split(PART).map(unbroken).join(PART) : sub}</p>
    </Explained>
  );
}

const AT_WORK: readonly string[] = ['ready', 'reserved', 'talking', 'lost', 'wrap_up'];
/** Of a cap: from here on it is worth a look. */
const NEAR_CAP = 0.8;

/** What is to be seen from across the room. */
export function Tiles({ board, hour }: { readonly board: BoardMessage; readonly hour: HourSeries | null }) {
  const { word, formats } = useWords();
  const now = useNow();
  const waiting = board.shops.map((shop) => shop.waiting);
  const sum = (of: (one: (typeof waiting)[number]) => number) => waiting.reduce((total, one) => total + of(one), 0);
  const [due, late, atRisk] = [sum((one) => one.due), sum((one) => one.late), sum((one) => one.atRisk)];
  const oldest = Math.min(...waiting.flatMap(({ oldestAt }) => (oldestAt === null ? [] : [Date.parse(oldestAt)])));
  const agents = (...states: string[]) => board.agents.filter(({ state }) => states.includes(state)).length;
  const calls = (state: string) => board.calls.filter((call) => call.state === state).length;
  const atWork = agents(...AT_WORK);
  const worst = worstAbandon(board.shops);
  const strained = worst === null ? 0 : strain(worst.window);
  const trunk =
    board.trunks.find(({ circuit }) => circuit === 'open') ?? board.trunks.find((one) => one.circuit !== 'closed');
  const used = board.trunks.reduce((total, { inUse }) => total + inUse, 0);
  const most = board.trunks.reduce((total, { maxChannels }) => total + maxChannels, 0);
  return (
    <div className={classes.tiles}>
      <Tile
        name="due"
        value={formats.count(due)}
        sub={word('board/tile/dueSub', {
          later: formats.count(sum((one) => one.later)),
          time: Number.isFinite(oldest) ? duration(now - oldest) : '–',
        })}
      />
      <Tile
        name="late"
        value={formats.count(late)}
        sub={word('board/tile/lateSub', { atRisk: formats.count(atRisk) })}
        tone={late > 0 ? 'bad' : atRisk > 0 ? 'warn' : 'good'}
      />
      <Tile
        name="calls"
        value={formats.count(board.calls.length)}
        sub={word('board/tile/callsSub', {
          talking: calls('connected'),
          ringing: calls('ringing'),
          dialing: calls('dialing'),
          waiting: calls('waiting'),
        })}
      />
      <Tile
        name="agents"
        value={word('board/tile/agentsOf', { ready: agents('ready'), atWork })}
        sub={word('board/tile/agentsSub', {
          talking: agents('talking', 'lost'),
          wrapUp: agents('wrap_up'),
          resting: agents('break'),
        })}
        tone={atWork === 0 && due > 0 ? 'bad' : 'calm'}
      />
      <Tile
        name="abandoned"
        value={formats.share(worst === null ? 0 : ratioOf(worst.window))}
        sub={
          worst === null
            ? word('board/tile/abandonedNone')
            : word('board/tile/abandonedSub', {
                shop: worst.shop.name,
                abandoned: worst.window.abandoned,
                answered: formats.count(worst.window.answered),
                cap: formats.share(worst.window.maxRatio),
                hours: worst.window.windowHours,
              })
        }
        tone={strained > 1 ? 'bad' : strained > NEAR_CAP ? 'warn' : 'good'}
      />
      <Tile
        name="answered"
        value={hour === null || hour.total.tried === 0 ? '–' : formats.percent(hour.total.answered / hour.total.tried)}
        sub={word('board/tile/answeredSub', { answered: hour?.total.answered ?? 0, tried: hour?.total.tried ?? 0 })}
      />
      <Tile
        name="lines"
        value={word('board/tile/linesOf', { used, most })}
        sub={
          trunk === undefined
            ? word(board.trunks.length === 0 ? 'board/tile/linesNone' : 'board/tile/linesSub')
            : word(trunk.circuit === 'open' ? 'board/tile/linesOpen' : 'board/tile/linesHalfOpen', {
                trunk: trunk.trunk,
              })
        }
        tone={
          trunk === undefined ? (board.trunks.length === 0 ? 'bad' : 'calm') : trunk.circuit === 'open' ? 'bad' : 'warn'
        }
      />
    </div>
  );
}
