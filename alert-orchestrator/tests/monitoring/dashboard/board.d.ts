// A dashboard as Grafana 10.2.2 writes it, with the panels that ours has. Grafana's own types leave `options` and `custom` of a panel
// open; here each kind of panel gets those of its plugin. The test turns `Board` into a JSON Schema, in which no other key is allowed.

import type {
  Dashboard,
  FieldConfig,
  GridPos,
  Panel,
  RowPanel,
  VariableModel,
} from "@grafana/schema/dist/esm/raw/dashboard/x/dashboard_types.gen";
import type { PrometheusDataQuery } from "@grafana/schema/dist/esm/raw/composable/prometheus/dataquery/x/PrometheusDataQuery_types.gen";
import type * as StateTimeline from "@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen";
import type * as Table from "@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen";
import type * as TimeSeries from "@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen";

interface Override {
  matcher: { id: "byName"; options: string };
  properties: Array<{ id: "color" | "custom.lineStyle"; value: Record<string, unknown> }>;
}

/** What a reader or the layout needs. */
interface Placed {
  id: number;
  title: string;
  gridPos: GridPos;
}

/** A panel of one plugin. */
type Of<Type extends string, Options, Custom> = Placed &
  Omit<Panel, keyof Placed | "type" | "description" | "datasource" | "options" | "fieldConfig" | "targets" | "transformations"> & {
    type: Type;
    description: string;
    datasource: { type: "prometheus"; uid: "${datasource}" };
    options: Options;
    fieldConfig: { defaults: Omit<FieldConfig, "custom"> & { custom?: Partial<Custom> }; overrides: Override[] };
    targets: PrometheusDataQuery[];
    transformations?: Array<{ id: "organize"; options: Record<"excludeByName" | "indexByName" | "renameByName", Record<string, unknown>> }>;
  };

export type Chart =
  | Of<"state-timeline", StateTimeline.Options, StateTimeline.FieldConfig>
  | Of<"timeseries", TimeSeries.Options, TimeSeries.FieldConfig>
  | Of<"table", Table.Options, Table.FieldConfig>;

type Row = Placed & Omit<RowPanel, keyof Placed>;

/** Grafana reads these two keys of a query variable; its published types do not have them. */
type Variable = VariableModel & { includeAll?: boolean; regex?: string };

export interface Board extends Omit<Dashboard, "panels" | "templating" | "refresh"> {
  uid: string;
  title: string;
  refresh: string;
  panels: Array<Chart | Row>;
  templating: { list: Variable[] };
}
