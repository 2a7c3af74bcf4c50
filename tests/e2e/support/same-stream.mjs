// Whether two viewers of one live stream got the same bytes.

import assert from 'node:assert/strict';

import { readTags } from './flv.mjs';

// A second of the small stream has 25 pictures and 43 sound frames.
const ENOUGH = 60;

/**
 * Two FLV streams start at different moments. Where they overlap, a tag that
 * both have is the same in both, and neither misses a tag that the other has.
 */
export function assertSameStream(seen, direct) {
  const ours = byMoment(readTags(seen));
  const theirs = byMoment(readTags(direct));
  const common = [...ours.keys()].filter((moment) => theirs.has(moment));
  assert.ok(common.length >= ENOUGH, `the streams have only ${common.length} tags in common`);
  for (const moment of common) {
    assert.ok(ours.get(moment).equals(theirs.get(moment)), `another tag at ${moment}`);
  }
  assert.deepEqual(between(ours, common), between(theirs, common));
}

function byMoment(tags) {
  return new Map(tags.map((tag) => [`${tag.kind}@${tag.timestamp}`, tag.data]));
}

function between(tags, common) {
  const moments = [...tags.keys()];
  return moments.slice(moments.indexOf(common.at(0)), moments.indexOf(common.at(-1)) + 1);
}
