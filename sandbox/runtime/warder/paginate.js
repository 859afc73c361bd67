// Loops that authors need not write: over the pages of a listing, and over many items a few at a time.
import { Promise, isArray, isInteger, min, push, slice } from "../primordials.js";
import { isObject } from "./checks.js";
import { show } from "./problems.js";

const MAX_PAGES = 1_000;

const isEnd = (next) => next === undefined || next === null || next === "" || next === false;

function checkPage(result) {
  if (isObject(result) && isArray(result.items)) return result;
  throw new TypeError(`a page must be an object { items: […], next }, but is ${show(result)}`);
}

/**
 * The items of all pages, one after the other. `fetchPage` gets the cursor that the page before gave as `next`, and the
 * page's number, from 1.
 * @param {(page: { cursor: any, page: number }) => Promise<{ items: unknown[], next?: unknown }>} fetchPage
 * @param {{ maxPages?: number, cursor?: unknown }} [options]
 */
export async function* paginate(fetchPage, { maxPages = MAX_PAGES, cursor } = {}) {
  if (typeof fetchPage !== "function") {
    throw new TypeError(`paginate takes a function ({ cursor, page }) => …, but got ${show(fetchPage)}`);
  }
  if (!isInteger(maxPages) || maxPages < 1) {
    throw new TypeError(`maxPages must be a whole number from 1, but is ${show(maxPages)}`);
  }
  for (let page = 1; ; ++page) {
    const { items, next } = checkPage(await fetchPage({ cursor, page }));
    for (let i = 0; i < items.length; ++i) yield items[i];
    if (isEnd(next)) return;
    if (next === cursor) {
      throw new Error(`page ${page} gives the cursor that it was fetched with, ${show(next)}: the listing would never end`);
    }
    if (page === maxPages) {
      throw new Error(`there are more than ${maxPages} pages: raise maxPages, or narrow what is listed`);
    }
    cursor = next;
  }
}

async function listOf(items) {
  if (isArray(items)) return items;
  const list = [];
  for await (const item of items) push(list, item);
  return list;
}

/**
 * Gives `work` all items, `size` at a time, with up to `concurrency` of them under way. The results, in order.
 * @param {Iterable<unknown> | AsyncIterable<unknown>} items @param {(items: unknown[], index: number) => unknown} work
 * @param {{ size?: number, concurrency?: number }} [options]
 */
export async function batch(items, work, { size = 100, concurrency = 1 } = {}) {
  if (typeof work !== "function") {
    throw new TypeError(`batch takes items and a function (items, index) => …, but got ${show(work)}`);
  }
  if (!isInteger(size) || size < 1) {
    throw new TypeError(`the size of a batch must be a whole number from 1, but is ${show(size)}`);
  }
  if (!isInteger(concurrency) || concurrency < 1) {
    throw new TypeError(`the concurrency must be a whole number from 1, but is ${show(concurrency)}`);
  }
  const list = await listOf(items);
  const count = Math.ceil(list.length / size);
  const results = new Array(count);
  let next = 0, failed = false;
  const worker = async () => {
    while (next < count && !failed) {
      const index = next++;
      try {
        results[index] = await work(slice(list, index * size, (index + 1) * size), index);
      } catch (error) {
        failed = true;  // what is under way ends, nothing more begins
        throw error;
      }
    }
  };
  const workers = [];
  for (let i = 0; i < min(concurrency, count); ++i) push(workers, worker());
  await Promise.all(workers);
  return results;
}
