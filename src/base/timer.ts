/** Longest time a timer takes, in milliseconds: 24.8 days. Node takes a longer one for 1 ms. */
export const TIMER_MAX_MS = 2 ** 31 - 1;

/** The value of `promise`, or undefined when that takes longer than `ms`; rejects as it does. */
export async function within<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
