// The time axis in the site's zone: ticks on round local times, also on days of 23 and 25 hours, where a step of hours in
// UTC would leave the round ones. Labels are in the language of the page.

const MINUTE = 60;
const DAY = 1440;
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, DAY, 2 * DAY, 7 * DAY, 14 * DAY, 28 * DAY];
const LABEL_WIDTH = 52;

export class TimeAxis {
  constructor(zone, language) {
    this.zone = zone;
    this.parts = new Intl.DateTimeFormat("en-GB", {
      timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric",
      second: "numeric",
    });
    this.date = new Intl.DateTimeFormat(language, { timeZone: zone, day: "numeric", month: "short" });
    this.offset = new Intl.DateTimeFormat("en-GB", { timeZone: zone, timeZoneName: "longOffset" });
    this.cache = { key: "", ticks: [] };
  }

  // The fields that the site's clocks show at a POSIX second.
  local(second) {
    const found = {};
    for (const { type, value } of this.parts.formatToParts(second * 1000)) found[type] = Number(value);
    return found;
  }

  // Round local times between two POSIX seconds, as many as `width` pixels can label.
  ticks(from, to, width) {
    const key = `${from} ${to} ${width}`;
    if (this.cache.key !== key) this.cache = { key, ticks: this.found(from, to, width) };
    return this.cache.ticks;
  }

  found(from, to, width) {
    const most = Math.max(2, Math.floor(width / LABEL_WIDTH));
    const step = STEPS.find((minutes) => (to - from) / (minutes * MINUTE) <= most) ?? STEPS.at(-1);
    // Zones are apart by quarters of an hour, so round quarters in UTC are round quarters everywhere.
    const stride = (step < 15 ? step : step < DAY ? 15 : 60) * MINUTE;
    const ticks = [];
    for (let second = Math.ceil(from / stride) * stride; second <= to; second += stride) {
      if (this.isRound(this.local(second), step)) ticks.push(second);
    }
    this.step = step;
    return ticks;
  }

  isRound({ year, month, day, hour, minute }, step) {
    if (step < DAY) return (hour * 60 + minute) % step === 0;
    if (hour !== 0 || minute !== 0) return false;
    return (Date.UTC(year, month - 1, day) / 86_400_000) % (step / DAY) === 0;
  }

  label(second) {
    const { hour, minute } = this.local(second);
    const time = `${pad(hour)}:${pad(minute)}`;
    if (hour !== 0 || minute !== 0) return time;
    const date = this.date.format(second * 1000);
    return this.step < DAY ? `${time}\n${date}` : date;
  }

  // Date, time and offset in full, for reading one column.
  moment(second, seconds) {
    const { hour, minute, second: rest } = this.local(second);
    const name = this.offset.formatToParts(second * 1000).find(({ type }) => type === "timeZoneName").value;
    const time = `${pad(hour)}:${pad(minute)}${seconds ? `:${pad(rest)}` : ""}`;
    return `${this.date.format(second * 1000)}, ${time} (${name.replace("GMT", "UTC")})`;
  }

  time(second) {
    const { hour, minute, second: rest } = this.local(second);
    return `${pad(hour)}:${pad(minute)}:${pad(rest)}`;
  }
}

function pad(number) {
  return String(number).padStart(2, "0");
}
