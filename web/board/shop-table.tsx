import { Button } from '@mantine/core';
import type { BoardCall, BoardShop } from '../../src/features/supervision/supervision.protocol.js';
import { useWords } from '../shared/language.js';
import { useAct } from './acting.js';
import { ratioOf, strain, tightest } from './board-filter.js';
import { Panel } from './panel.js';
import classes from './shop-table.module.css';

/** Each shop's waiting orders, calls and caps, and its brake. */
export function ShopTable({
  shops,
  calls,
}: {
  readonly shops: readonly BoardShop[];
  readonly calls: readonly BoardCall[];
}) {
  const { word } = useWords();
  return (
    <Panel title={word('board/shops/title')} isEmpty={shops.length === 0} emptyText={word('board/shops/none')}>
      <table className={classes.table}>
        <thead>
          <tr>
            <th scope="col">{word('board/shops/shop')}</th>
            <th scope="col">{word('board/shops/due')}</th>
            <th scope="col">{word('board/shops/late')}</th>
            <th scope="col">{word('board/shops/calls')}</th>
            <th scope="col">{word('board/shops/abandoned')}</th>
            <th scope="col">
              <span className="visually-hidden">{word('board/shops/actions')}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {shops.map((shop) => (
            <ShopRow key={shop.shop} shop={shop} calls={calls.filter((call) => call.shop === shop.shop).length} />
          ))}
        </tbody>
      </table>
    </Panel>
  );
}

function ShopRow({ shop, calls }: { readonly shop: BoardShop; readonly calls: number }) {
  const { word, formats } = useWords();
  const act = useAct();
  const { waiting, isPaused, name } = shop;
  const what = isPaused ? 'resume' : 'pause';
  const cap = tightest(shop.abandons);
  return (
    <tr data-shop={shop.shop}>
      <th scope="row">
        <span className={classes.name}>{name}</span>
        {isPaused && <span className={classes.paused}>{word('board/shops/paused')}</span>}
      </th>
      <td>{formats.count(waiting.due)}</td>
      <td data-tone={waiting.late > 0 ? 'bad' : undefined}>{formats.count(waiting.late)}</td>
      <td>{calls}</td>
      <td>
        {cap !== null && (
          <span
            className={classes.cap}
            data-tone={strain(cap) > 1 ? 'bad' : undefined}
            title={shop.abandons
              .map((window) =>
                word('board/shops/windowOf', {
                  abandoned: window.abandoned,
                  answered: formats.count(window.answered),
                  hours: window.windowHours,
                  cap: formats.share(window.maxRatio),
                }),
              )
              .join('\n')}
          >
            {word('board/shops/window', { share: formats.share(ratioOf(cap)), cap: formats.share(cap.maxRatio) })}
          </span>
        )}
      </td>
      <td className={classes.actions}>
        <Button
          size="compact-sm"
          variant="default"
          className={classes.button}
          aria-label={word(isPaused ? 'board/shops/resumeOf' : 'board/shops/pauseOf', { shop: name })}
          onClick={() => void act('POST', `shops/${encodeURIComponent(shop.shop)}/${what}`)}
        >
          {word(isPaused ? 'board/shops/resume' : 'board/shops/pause')}
        </Button>
      </td>
    </tr>
  );
}
