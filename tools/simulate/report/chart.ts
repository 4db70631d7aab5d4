/** One panel of the picture: a frame with axes, into which lines, areas and bars are drawn. Plain SVG, no script. */
export interface PanelOptions {
  readonly title: string;
  /** What the numbers of the left axis are. */
  readonly unit: string;
  readonly fromMs: number;
  readonly toMs: number;
  /** Labels of the time axis. */
  readonly ticks: readonly { readonly atMs: number; readonly label: string }[];
  /** Highest value; the lowest is 0, or `least` on a logarithmic axis. */
  readonly most: number;
  readonly least?: number;
  readonly labels: readonly { readonly value: number; readonly label: string }[];
  readonly legend: readonly { readonly name: string; readonly color: string; readonly isLine?: boolean }[];
}

export interface Point {
  readonly atMs: number;
  /** Null: nothing to show here. */
  readonly value: number | null;
}

const WIDTH = 1_000;
const HEIGHT = 190;
const LEFT = 64;
const RIGHT = 16;
const TOP = 34;
const BOTTOM = 24;

export class Panel {
  private readonly parts: string[] = [];

  constructor(private readonly options: PanelOptions) {}

  x(atMs: number): number {
    const { fromMs, toMs } = this.options;
    return LEFT + ((atMs - fromMs) / (toMs - fromMs)) * (WIDTH - LEFT - RIGHT);
  }

  y(value: number): number {
    const { most, least } = this.options;
    const share =
      least === undefined ? value / most : Math.log(Math.max(least, value) / least) / Math.log(most / least);
    return HEIGHT - BOTTOM - Math.min(1, Math.max(0, share)) * (HEIGHT - TOP - BOTTOM);
  }

  line(points: readonly Point[], color: string, isDashed = false): void {
    let path = '';
    let isPenDown = false;
    for (const { atMs, value } of points) {
      if (value !== null) path += `${isPenDown ? 'L' : 'M'}${round(this.x(atMs))} ${round(this.y(value))}`;
      isPenDown = value !== null;
    }
    const dash = isDashed ? ' stroke-dasharray="6 4"' : '';
    this.parts.push(
      `<path d="${path}" fill="none" stroke="${color}" stroke-width="2" stroke-linejoin="round"${dash}/>`,
    );
  }

  /** Layers on each other, the first at the bottom. */
  stack(
    times: readonly number[],
    layers: readonly { readonly values: readonly number[]; readonly color: string }[],
  ): void {
    let base = times.map(() => 0);
    for (const { values, color } of layers) {
      const top = base.map((value, i) => value + (values[i] ?? 0));
      const there = top.map((value, i) => `${round(this.x(times[i]!))} ${round(this.y(value))}`);
      const back = base.map((value, i) => `${round(this.x(times[i]!))} ${round(this.y(value))}`).reverse();
      this.parts.push(`<path d="M${there.join('L')}L${back.join('L')}Z" fill="${color}"/>`);
      base = top;
    }
  }

  /** Bars on each other for each slice; `tell` is shown when the pointer rests on them. */
  bars(
    slices: readonly {
      readonly fromMs: number;
      readonly toMs: number;
      readonly tell: string;
      readonly values: readonly number[];
    }[],
    colors: readonly string[],
  ): void {
    for (const { fromMs, toMs, tell, values } of slices) {
      let base = 0;
      const x = round(this.x(fromMs) + 0.5);
      const width = round(Math.max(1, this.x(toMs) - this.x(fromMs) - 1));
      const rects = values.map((value, i) => {
        const top = this.y(base + value);
        const height = this.y(base) - top;
        base += value;
        return height > 0
          ? `<rect x="${x}" y="${round(top)}" width="${width}" height="${round(height)}" fill="${colors[i]}"/>`
          : '';
      });
      this.parts.push(`<g><title>${escape(tell)}</title>${rects.join('')}</g>`);
    }
  }

  svg(): string {
    const { title, unit, ticks, labels, legend } = this.options;
    const grid = labels.map(({ value, label }) => {
      const y = round(this.y(value));
      return `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y}" y2="${y}" class="grid"/><text x="${LEFT - 8}" y="${y + 4}" class="axis end">${escape(label)}</text>`;
    });
    const times = ticks.map(({ atMs, label }) => {
      const x = round(this.x(atMs));
      return `<line x1="${x}" x2="${x}" y1="${HEIGHT - BOTTOM}" y2="${HEIGHT - BOTTOM + 4}" class="tick"/><text x="${x}" y="${HEIGHT - 6}" class="axis middle">${escape(label)}</text>`;
    });
    const names = [...legend].reverse();
    let right = WIDTH - RIGHT;
    const keys = names.map(({ name, color, isLine }) => {
      right -= name.length * 6.6 + 24;
      const mark = isLine
        ? `<line x1="${right}" x2="${right + 12}" y1="13" y2="13" stroke="${color}" stroke-width="2.5"/>`
        : `<rect x="${right}" y="8" width="11" height="11" rx="2" fill="${color}"/>`;
      return `${mark}<text x="${right + 16}" y="18" class="key">${escape(name)}</text>`;
    });
    return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escape(title)}"><text x="0" y="18" class="title">${escape(title)} <tspan class="unit">${escape(unit)}</tspan></text>${keys.join('')}${grid.join('')}${this.parts.join('')}<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${HEIGHT - BOTTOM}" y2="${HEIGHT - BOTTOM}" class="tick"/>${times.join('')}</svg>`;
  }
}

/** Round numbers for an axis from 0, and the highest of them. */
export function roundLabels(most: number, format: (value: number) => string = String): PanelOptions['labels'] {
  const rough = Math.max(most, 1e-9) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((one) => one >= rough) ?? rough;
  const count = Math.max(1, Math.ceil(most / step - 1e-9));
  return Array.from({ length: count + 1 }, (_, i) => ({ value: i * step, label: format(i * step) }));
}

export function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
