import { useWords } from '../shared/language.js';
import type { HourSeries } from './board-filter.js';
import { Chart } from './chart.js';
import classes from './charts.module.css';

const NOTHING: HourSeries = {
  times: [],
  waiting: [],
  live: [],
  talks: [],
  occupancy: [],
  abandoned: [],
  total: { tried: 0, answered: 0, abandoned: 0 },
};

/** The last hour by minutes. */
export function Charts({ hour }: { readonly hour: HourSeries | null }) {
  const { word, formats } = useWords();
  const { times, waiting, live, talks, occupancy, abandoned } = hour ?? NOTHING;
  const count = (value: number) => formats.count(value);
  return (
    <section className={classes.charts} aria-labelledby="last-hour">
      <h2 id="last-hour">{word('board/charts/title')}</h2>
      <Chart
        title={word('board/charts/waiting')}
        times={times}
        series={[{ name: word('board/charts/orders'), values: waiting, color: '--desk-live', isFilled: true }]}
        format={count}
        least={4}
      />
      <Chart
        title={word('board/charts/calls')}
        times={times}
        series={[
          { name: word('board/charts/live'), values: live, color: '--desk-calm', isFilled: true },
          { name: word('board/charts/talks'), values: talks, color: '--desk-good' },
        ]}
        format={count}
        least={4}
      />
      <Chart
        title={word('board/charts/work')}
        times={times}
        series={[
          { name: word('board/charts/occupancy'), values: occupancy, color: '--desk-live' },
          { name: word('board/charts/abandoned'), values: abandoned, color: '--desk-warn' },
        ]}
        format={(value) => formats.percent(value)}
        least={1}
      />
    </section>
  );
}
