import { DIALING_MODES, type DialingMode } from '../../core/order/shop-settings.js';

/** What an administrator may set for a group of agents (`PUT /v1/admin/groups/{group}`); seconds. */
export interface GroupSettings {
  /** How long an agent may write after a talk before the next call. */
  readonly wrapUpSeconds: number;
  /** The longest talk; the exchange ends it then. */
  readonly maxTalkSeconds: number;
  /** How the group is dialled for, whatever its shops say; null: as each shop says. */
  readonly dialing: DialingMode | null;
}

const DEFAULTS: GroupSettings = { wrapUpSeconds: 45, maxTalkSeconds: 3600, dialing: null };

/** Stored settings with the defaults for what is missing. */
export function groupSettings(stored: unknown): GroupSettings {
  const given = (stored ?? {}) as Partial<GroupSettings>;
  return {
    wrapUpSeconds: given.wrapUpSeconds ?? DEFAULTS.wrapUpSeconds,
    maxTalkSeconds: given.maxTalkSeconds ?? DEFAULTS.maxTalkSeconds,
    dialing: DIALING_MODES.find((mode) => mode === given.dialing) ?? DEFAULTS.dialing,
  };
}

/** The limits of an agent of several groups: the longest of each. */
export function groupLimits(stored: readonly unknown[]): Pick<GroupSettings, 'wrapUpSeconds' | 'maxTalkSeconds'> {
  const all = stored.map(groupSettings);
  if (all.length === 0) return DEFAULTS;
  return {
    wrapUpSeconds: Math.max(...all.map((settings) => settings.wrapUpSeconds)),
    maxTalkSeconds: Math.max(...all.map((settings) => settings.maxTalkSeconds)),
  };
}
