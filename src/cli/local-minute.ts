const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** The minute of a date in local time, as flux-dmesg(1) prints it: `Nov22 02:33`. */
export function localMinute(date: Date): string {
  const clock = `${twoDigits(date.getHours())}:${twoDigits(date.getMinutes())}`;
  return `${MONTHS[date.getMonth()]}${twoDigits(date.getDate())} ${clock}`;
}

export function twoDigits(number: number): string {
  return String(number).padStart(2, "0");
}
