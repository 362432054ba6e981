// refused.ts - the error whose text a visitor reads.
// Room: page. Threads: plain values.

/** Something given is not what the page can take: `message` says what, where, and what would be right, as part of a sentence. */
export class Refused extends Error {}
