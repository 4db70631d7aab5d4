import { Button } from '@mantine/core';
import { IconPlayerPause, IconPlayerPlay } from '@tabler/icons-react';
import type { BoardCall, BoardShop } from '../../src/features/supervision/supervision.protocol.js';
import { useWords } from '../shared/language.js';
import { useAct } from './acting.js';
import { ratioOf, strain } from './board-filter.js';
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
        {shop.abandons.map((window) => (
          <span key={window.windowHours} className={classes.cap} data-tone={strain(window) > 1 ? 'bad' : undefined}>
            {word('board/shops/window', {
              share: formats.share(ratioOf(window)),
              cap: formats.share(window.maxRatio),
              hours: window.windowHours,
            })}
          </span>
        ))}
      </td>
      <td className={classes.actions}>
        <Button
          size="compact-sm"
          variant="default"
          className={classes.button}
          leftSection={isPaused ? <IconPlayerPlay size={14} aria-hidden /> : <IconPlayerPause size={14} aria-hidden />}
          aria-label={word(isPaused ? 'board/shops/resumeOf' : 'board/shops/pauseOf', { shop: name })}
          onClick={() => void act('POST', `shops/${encodeURIComponent(shop.shop)}/${what}`)}
        >
          {word(isPaused ? 'board/shops/resume' : 'board/shops/pause')}
        </Button>
      </td>
    </tr>
  );
}
