/** Units of Grafana that we use. */
export type Unit = 'short' | 's' | 'percentunit' | 'reqps' | 'bytes' | 'bool_on_off' | 'ops';

/** Colour from a value upwards; the first one has no value: it is the ground colour. */
export type Threshold = readonly [from: number | null, color: 'green' | 'yellow' | 'red' | 'blue'];

/** One query of a panel; `legend` may name labels: `{{shop}}`. */
export interface Query {
  readonly expr: string;
  readonly legend: string;
}

/** What a panel shows; its place is found by {@link dashboard}. */
export interface Panel {
  readonly kind: 'timeseries' | 'stat' | 'bargauge' | 'table';
  readonly title: string;
  /** What it means and when to look, for whoever stands before it. */
  readonly description: string;
  readonly unit: Unit;
  readonly queries: readonly Query[];
  readonly thresholds?: readonly Threshold[];
  /** Of 24 columns; default 8. */
  readonly width?: number;
  /** Rows of 30 px; default 8. */
  readonly height?: number;
  readonly isStacked?: boolean;
  readonly max?: number;
  /** The axis goes below 0. */
  readonly mayBeNegative?: boolean;
  /** Why the queries may have no data though all is well; a test accepts that then. */
  readonly emptyWhen?: string;
}

/** The variables on top of a dashboard. */
export type VariableName = 'shop' | 'group' | 'node';

const SOURCES: Readonly<Record<VariableName, string>> = {
  shop: 'label_values(dialer_orders_waiting, shop)',
  group: 'label_values(dialer_agents, group)',
  node: 'label_values(dialer_ari_connected, node)',
};
const DATASOURCE = { type: 'prometheus', uid: '${datasource}' };
const COLUMNS = 24;

/** A dashboard as code. */
export interface DashboardPlan {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly variables: readonly VariableName[];
  readonly rows: readonly { readonly title: string; readonly panels: readonly Panel[] }[];
}

/** The JSON that Grafana 11 and 12 load (schema version 39). */
export function dashboard(plan: DashboardPlan): object {
  let id = 0;
  let y = 0;
  const panels: object[] = [];
  for (const row of plan.rows) {
    panels.push({
      id: ++id,
      type: 'row',
      title: row.title,
      collapsed: false,
      gridPos: { x: 0, y: y++, w: 24, h: 1 },
      panels: [],
    });
    let [x, tallest] = [0, 0];
    for (const panel of row.panels) {
      const [w, h] = [panel.width ?? 8, panel.height ?? 8];
      if (x + w > COLUMNS) [x, y, tallest] = [0, y + tallest, 0];
      panels.push({ id: ++id, ...panelJson(panel), gridPos: { x, y, w, h } });
      x += w;
      tallest = Math.max(tallest, h);
    }
    y += tallest;
  }
  return {
    uid: plan.uid,
    title: plan.title,
    description: plan.description,
    tags: ['confirm-dialer'],
    schemaVersion: 39,
    version: 1,
    editable: true,
    graphTooltip: 1,
    timezone: 'browser',
    refresh: '30s',
    time: { from: 'now-6h', to: 'now' },
    links: [
      {
        type: 'dashboards',
        title: 'Dialer',
        tags: ['confirm-dialer'],
        asDropdown: true,
        includeVars: true,
        keepTime: true,
      },
    ],
    annotations: { list: [] },
    templating: {
      list: [
        { name: 'datasource', label: 'Prometheus', type: 'datasource', query: 'prometheus', current: {}, hide: 0 },
        ...plan.variables.map((name) => ({
          name,
          label: name,
          type: 'query',
          datasource: DATASOURCE,
          query: { query: SOURCES[name], refId: name },
          definition: SOURCES[name],
          refresh: 2,
          sort: 1,
          multi: true,
          includeAll: true,
          allValue: '.*',
          current: { text: ['All'], value: ['$__all'] },
        })),
      ],
    },
    panels,
  };
}

function panelJson(panel: Panel): object {
  const { kind, title, description, unit, queries } = panel;
  const steps = (panel.thresholds ?? [[null, 'blue']]).map(([value, color]) => ({ value, color }));
  const isOverTime = kind === 'timeseries';
  return {
    type: kind,
    title,
    description,
    datasource: DATASOURCE,
    fieldConfig: {
      defaults: {
        unit,
        ...(panel.mayBeNegative ? {} : { min: 0 }),
        ...(panel.max === undefined ? {} : { max: panel.max }),
        color: { mode: isOverTime ? 'palette-classic' : 'thresholds' },
        thresholds: { mode: 'absolute', steps },
        ...(isOverTime
          ? {
              custom: {
                drawStyle: 'line',
                lineWidth: 1,
                fillOpacity: panel.isStacked ? 30 : 5,
                showPoints: 'never',
                stacking: { mode: panel.isStacked ? 'normal' : 'none', group: 'A' },
                thresholdsStyle: { mode: panel.thresholds === undefined ? 'off' : 'line' },
              },
            }
          : {}),
      },
      overrides: [],
    },
    options: optionsOf(kind),
    targets: queries.map(({ expr, legend }, at) => ({
      refId: String.fromCharCode(65 + at),
      datasource: DATASOURCE,
      expr,
      legendFormat: legend,
      editorMode: 'code',
      ...(isOverTime ? { range: true, instant: false } : { range: false, instant: true }),
      ...(kind === 'table' ? { format: 'table' } : {}),
    })),
  };
}

function optionsOf(kind: Panel['kind']): object {
  const reduce = { calcs: ['lastNotNull'], fields: '', values: false };
  switch (kind) {
    case 'timeseries':
      return {
        legend: { displayMode: 'list', placement: 'bottom', showLegend: true },
        tooltip: { mode: 'multi', sort: 'desc' },
      };
    case 'stat':
      return {
        reduceOptions: reduce,
        colorMode: 'background',
        graphMode: 'none',
        textMode: 'auto',
        orientation: 'auto',
      };
    case 'bargauge':
      return { reduceOptions: reduce, displayMode: 'basic', orientation: 'horizontal', showUnfilled: true };
    case 'table':
      return { showHeader: true };
  }
}
