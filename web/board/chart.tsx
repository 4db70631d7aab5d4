import 'uplot/dist/uPlot.min.css';
import { useComputedColorScheme } from '@mantine/core';
import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import { LOCALES } from '../shared/format.js';
import { useWords } from '../shared/language.js';
import classes from './chart.module.css';

export interface Series {
  readonly name: string;
  readonly values: readonly (number | null)[];
  /** A variable of theme.css. */
  readonly color: '--desk-live' | '--desk-good' | '--desk-warn' | '--desk-calm';
  readonly isFilled?: boolean;
}

/** Lines over the last hour. The names stand above with their present values; whoever cannot see it is told the range in words. */
export function Chart(props: {
  readonly title: string;
  readonly times: readonly number[];
  readonly series: readonly Series[];
  readonly format: (value: number) => string;
  /** The top of the scale at least. */
  readonly least: number;
}) {
  const { word } = useWords();
  const { title, series } = props;
  /** What is not known is no nought. */
  const format = (value: number | null | undefined) => (value == null ? '–' : props.format(value));
  const summary = series.map((one) => {
    const known = one.values.filter((value) => value !== null);
    return word('board/charts/summary', {
      title,
      name: one.name,
      now: format(one.values.at(-1)),
      least: format(known.length === 0 ? null : Math.min(...known)),
      most: format(known.length === 0 ? null : Math.max(...known)),
    });
  });
  return (
    <figure className={classes.chart}>
      <figcaption className={classes.head}>
        <h3>{title}</h3>
        {series.map(({ name, values, color }) => (
          <span key={name} className={classes.legend} data-color={color}>
            {name} <strong>{format(values.at(-1))}</strong>
          </span>
        ))}
      </figcaption>
      <Plot {...props} summary={summary.join('. ')} />
    </figure>
  );
}

function Plot(props: Parameters<typeof Chart>[0] & { readonly summary: string }) {
  const { times, series, format, least, summary } = props;
  const { language } = useWords();
  const scheme = useComputedColorScheme('light');
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const data = [times, ...series.map(({ values }) => values)] as unknown as uPlot.AlignedData;
  const latest = useRef({ data, format });
  latest.current = { data, format };
  const names = series.map(({ name }) => name).join('|');
  const looks = series.map(({ color, isFilled }) => ({ color, isFilled }));
  const look = useRef(looks);
  look.current = looks;

  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const made = new uPlot(
      options({
        width: element.clientWidth,
        height: element.clientHeight,
        looks: look.current,
        least,
        format: (value) => latest.current.format(value),
        locale: LOCALES[language],
      }),
      latest.current.data,
      element,
    );
    plot.current = made;
    const observer = new ResizeObserver(() =>
      made.setSize({ width: element.clientWidth, height: element.clientHeight }),
    );
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
    };
    // Colours and words are drawn into the canvas: another look or language means another drawing.
  }, [scheme, language, names, least]);

  useEffect(() => {
    plot.current?.setData(data);
  }, [data]);

  return <div ref={place} className={classes.plot} role="img" aria-label={summary} />;
}

/** As in theme.css: a canvas does not inherit it. */
const FONT = '11px Inter, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", Arial, sans-serif';
/** Steps of a scale: there are no half calls. */
const COUNTS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000];
const SHARES = [0.1, 0.25, 0.5];

function options(o: {
  readonly width: number;
  readonly height: number;
  readonly looks: readonly Pick<Series, 'color' | 'isFilled'>[];
  readonly least: number;
  readonly format: (value: number) => string;
  readonly locale: string;
}): uPlot.Options {
  const styles = getComputedStyle(document.documentElement);
  const color = (name: string) => styles.getPropertyValue(name).trim();
  const clock = new Intl.DateTimeFormat(o.locale, { hour: '2-digit', minute: '2-digit' });
  const axis = { stroke: color('--mantine-color-dimmed'), font: FONT, ticks: { show: false } };
  const grid = { stroke: color('--desk-line'), width: 1 };
  return {
    width: o.width,
    height: o.height,
    padding: [10, 10, 0, 0],
    legend: { show: false },
    cursor: { show: false },
    scales: { y: { range: (_plot, _min, max) => [0, Math.max(o.least, max * 1.1)] } },
    axes: [
      {
        ...axis,
        size: 20,
        gap: 4,
        grid: { show: false },
        values: (_plot, splits) => splits.map((at) => clock.format(at * 1_000)),
      },
      {
        ...axis,
        size: 44,
        gap: 4,
        space: 24,
        grid,
        incrs: o.least > 1 ? COUNTS : SHARES,
        values: (_plot, splits) => splits.map((value) => o.format(value)),
      },
    ],
    series: [
      {},
      ...o.looks.map(({ color: name, isFilled }) => ({
        stroke: color(name),
        width: 2,
        points: { show: false },
        ...(isFilled === true ? { fill: color(`${name}-soft`) } : {}),
      })),
    ],
  };
}
