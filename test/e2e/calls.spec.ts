import { describe, expect, it } from 'vitest';
import { describeFloor, FLOOR_AGENTS } from './floor.js';
import { describeOtherMake, OTHER_MAKE_AGENTS } from './other-make.js';
import { describeShopWishes, WISH_AGENTS } from './shop-wishes.js';
import { describeTalks, TALK_AGENTS } from './talks.js';
import { useWorld } from './world.js';

// Single calls with everything that people do to them, side by side: each test has a shop, a group and agents of its own.

const world = useWorld({ agents: [...TALK_AGENTS, ...WISH_AGENTS, ...FLOOR_AGENTS, ...OTHER_MAKE_AGENTS] });

describe('side by side', () => {
  describeFloor(world);
  describeTalks(world);
  describeShopWishes(world);
  describeOtherMake(world);
});

describe('after all that', () => {
  it('no number was called twice at the same time', () => {
    expect(world().calls.overlaps()).toEqual([]);
  });
});
