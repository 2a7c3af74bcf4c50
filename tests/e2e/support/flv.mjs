// A reader of FLV: cuts a byte stream into tags.

const FILE_HEADER = 9;
const TAG_HEADER = 11;
const BACK_POINTER = 4;

const KINDS = { 8: 'audio', 9: 'video', 18: 'script' };

/** The complete tags at the start of `bytes`; throws where it is not FLV. */
export function readTags(bytes) {
  if (bytes.toString('latin1', 0, 3) !== 'FLV') throw new Error('no FLV signature');
  const tags = [];
  let at = FILE_HEADER + BACK_POINTER;
  while (at + TAG_HEADER <= bytes.length) {
    const size = bytes.readUIntBE(at + 1, 3);
    const end = at + TAG_HEADER + size;
    if (end + BACK_POINTER > bytes.length) break;
    tags.push(readTag(bytes, at, end));
    at = end + BACK_POINTER;
  }
  return tags;
}

function readTag(bytes, at, end) {
  const kind = KINDS[bytes[at]];
  if (kind === undefined) throw new Error(`no FLV tag at byte ${at}: type ${bytes[at]}`);
  if (bytes.readUInt32BE(end) !== end - at) throw new Error(`broken back pointer at byte ${end}`);
  return {
    kind,
    // The fourth byte of the timestamp stands behind the other three.
    timestamp: bytes.readUIntBE(at + 4, 3) + bytes[at + 7] * 2 ** 24,
    data: bytes.subarray(at + TAG_HEADER, end),
  };
}
