import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { placeGroups, type PlaceGroup, type PlaceNode } from './place-groups.js';

const node = (name: string, more: Partial<PlaceNode> = {}): PlaceNode => ({
  name,
  weight: 1,
  isUsable: true,
  isSettled: true,
  ...more,
});
const group = (groupId: string, size: number): PlaceGroup => ({
  groupId,
  agentIds: Array.from({ length: size }, (_, n) => `${groupId}-${n}`),
});
const [A, B] = [node('a'), node('b')];
const loadOn = (name: string, groups: readonly PlaceGroup[], homes: ReadonlyMap<string, string>): number =>
  groups.filter(({ groupId }) => homes.get(groupId) === name).reduce((sum, { agentIds }) => sum + agentIds.length, 0);

describe('placing groups on nodes', () => {
  it('spreads them by their agents', () => {
    const groups = [group('big', 30), group('one', 10), group('two', 10), group('three', 10)];
    const homes = placeGroups(groups, [A, B], new Map());
    expect(loadOn('a', groups, homes)).toBe(30);
    expect(loadOn('b', groups, homes)).toBe(30);
  });

  it('heeds what a node bears', () => {
    const groups = Array.from({ length: 9 }, (_, n) => group(`g${n}`, 10));
    const homes = placeGroups(groups, [A, node('b', { weight: 2 })], new Map());
    expect([loadOn('a', groups, homes), loadOn('b', groups, homes)]).toEqual([30, 60]);
  });

  it('keeps groups that share an agent together, also through a third', () => {
    const groups = [
      { groupId: 'x', agentIds: ['anna'] },
      { groupId: 'y', agentIds: ['anna', 'ben'] },
      { groupId: 'z', agentIds: ['ben'] },
      group('w', 2),
    ];
    const homes = placeGroups(groups, [A, B], new Map());
    expect(homes.get('x')).toBe(homes.get('y'));
    expect(homes.get('z')).toBe(homes.get('y'));
    expect(homes.get('w')).not.toBe(homes.get('x'));
    const apart = new Map([
      ['x', 'a'],
      ['y', 'b'],
      ['z', 'b'],
      ['w', 'a'],
    ]);
    // They come together where most of their agents are.
    expect(placeGroups(groups, [A, B], apart).get('x')).toBe('b');
  });

  it('moves the groups of a lost node and nobody else', () => {
    const groups = [group('one', 10), group('two', 10), group('three', 10), group('four', 10)];
    const three = [A, B, node('c')];
    const homes = placeGroups(groups, three, new Map());
    const after = placeGroups(groups, [A, node('b', { isUsable: false }), node('c')], homes);
    for (const { groupId } of groups) {
      if (homes.get(groupId) === 'b') expect(after.get(groupId)).not.toBe('b');
      else expect(after.get(groupId)).toBe(homes.get(groupId));
    }
  });

  it('gives a node that is back its share once it is settled', () => {
    const groups = [group('one', 10), group('two', 10)];
    const onB = new Map([
      ['one', 'b'],
      ['two', 'b'],
    ]);
    expect(placeGroups(groups, [node('a', { isSettled: false }), B], onB)).toEqual(onB);
    expect([...placeGroups(groups, [A, B], onB).values()].sort()).toEqual(['a', 'b']);
    // One group alone has nothing to gain.
    expect(placeGroups([group('one', 10)], [A, B], new Map([['one', 'b']])).get('one')).toBe('b');
  });

  it('takes a node that has just come up rather than none', () => {
    expect(placeGroups([group('one', 1)], [node('a', { isSettled: false })], new Map()).get('one')).toBe('a');
  });

  it('leaves everything where it is while no node may take calls', () => {
    const homes = new Map([
      ['one', 'a'],
      ['gone', 'a'],
    ]);
    const nodes = [node('a', { isUsable: false })];
    expect(placeGroups([group('one', 1), group('new', 1)], nodes, homes)).toEqual(new Map([['one', 'a']]));
  });
});

const someGroups = fc.uniqueArray(fc.integer({ min: 0, max: 60 }), { minLength: 1, maxLength: 14 }).chain((ids) =>
  fc.tuple(
    ...ids.map((id) =>
      fc
        .tuple(fc.integer({ min: 0, max: 40 }), fc.option(fc.integer({ min: 0, max: 3 }), { freq: 4 }))
        .map(([size, shared]): PlaceGroup => {
          const { groupId, agentIds } = group(`g${id}`, size);
          return { groupId, agentIds: shared === null ? agentIds : [...agentIds, `shared-${shared}`] };
        }),
    ),
  ),
);
const someNodes = fc
  .array(
    fc.record({
      weight: fc.constantFrom(0.5, 1, 2, 3),
      isUsable: fc.boolean(),
      isSettled: fc.boolean(),
    }),
    { minLength: 1, maxLength: 5 },
  )
  .map((list) => list.map((one, n) => ({ name: `n${n}`, ...one })));
const someHomes = (groups: readonly PlaceGroup[], nodes: readonly PlaceNode[]) =>
  fc
    .array(fc.option(fc.integer({ min: 0, max: nodes.length })), { minLength: groups.length, maxLength: groups.length })
    .map((at) => new Map(groups.flatMap(({ groupId }, n) => (at[n] == null ? [] : [[groupId, `n${at[n]}`] as const]))));
const world = fc
  .tuple(someGroups, someNodes)
  .chain(([groups, nodes]) => fc.tuple(fc.constant(groups), fc.constant(nodes), someHomes(groups, nodes)));

describe('for any floor', () => {
  it('every group gets a node that may take calls, and groups of one agent the same', () => {
    fc.assert(
      fc.property(world, ([groups, nodes, homes]) => {
        const placed = placeGroups(groups, nodes, homes);
        const usable = nodes.filter(({ isUsable }) => isUsable).map(({ name }) => name);
        if (usable.length === 0) return;
        for (const { groupId } of groups) expect(usable).toContain(placed.get(groupId));
        const nodeOfAgent = new Map<string, string | undefined>();
        for (const { groupId, agentIds } of groups) {
          for (const agentId of agentIds) {
            expect(nodeOfAgent.get(agentId) ?? placed.get(groupId)).toBe(placed.get(groupId));
            nodeOfAgent.set(agentId, placed.get(groupId));
          }
        }
      }),
    );
  });

  it('a second look changes nothing, in whatever order it is told', () => {
    fc.assert(
      fc.property(world, ([groups, nodes, homes]) => {
        const placed = placeGroups(groups, nodes, homes);
        expect(placeGroups([...groups].reverse(), [...nodes].reverse(), placed)).toEqual(placed);
      }),
    );
  });

  it('the loss of a node moves only its groups', () => {
    fc.assert(
      fc.property(world, ([groups, nodes, homes]) => {
        const before = placeGroups(groups, nodes, homes);
        const lost = nodes.filter(({ isUsable }) => isUsable)[0];
        if (lost === undefined) return;
        const fewer = nodes.map((one) => (one === lost ? { ...one, isUsable: false } : { ...one, isSettled: false }));
        const after = placeGroups(groups, fewer, before);
        for (const { groupId } of groups) {
          if (before.get(groupId) !== lost.name) expect(after.get(groupId)).toBe(before.get(groupId));
        }
      }),
    );
  });

  it('no node bears more than its share and one group beyond it', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 14 }),
        someNodes,
        (sizes, list) => {
          const groups = sizes.map((size, n) => group(`g${n}`, size));
          const nodes = list.map((one) => ({ ...one, isUsable: true, isSettled: true }));
          const placed = placeGroups(groups, nodes, new Map());
          const weight = nodes.reduce((sum, one) => sum + one.weight, 0);
          const fair = sizes.reduce((sum, size) => sum + size, 0) / weight;
          const oneMore = (nodes.length * (Math.max(...sizes) + 1)) / weight;
          for (const { name, weight: own } of nodes) {
            expect(loadOn(name, groups, placed) / own).toBeLessThanOrEqual(fair + oneMore);
          }
        },
      ),
    );
  });
});
