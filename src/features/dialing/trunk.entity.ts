import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A way to the telephone network, as the administrator describes it. */
@Entity('trunks')
export class TrunkEntity {
  @PrimaryColumn({ name: 'trunk_id', type: 'text' }) trunkId: string;
  /** Dial string with `{number}`, e.g. `PJSIP/{number}@trunk`. */
  @Column({ type: 'text' }) endpoint: string;
  @Column({ name: 'caller_ids', type: 'text', array: true }) callerIds: string[];
  @Column({ name: 'max_channels', type: 'int' }) maxChannels: number;
  @Column({ name: 'calls_per_second', type: 'numeric', transformer: { to: (value: number) => value, from: Number } })
  callsPerSecond: number;
  @Column({ type: 'text', array: true }) prefixes: string[];
  @Column({ type: 'int' }) priority: number;
  @Column({ name: 'is_enabled', type: 'boolean' }) isEnabled: boolean;
}
