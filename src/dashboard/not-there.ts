/** What a page's `load` throws when its path names something that there is not. The message says so in a sentence. */
export class NotThere extends Error {}
