import { addBusinessDays, differenceInCalendarDays, format, formatISO, parse } from "date-fns";
import { de } from "date-fns/locale";
import { sdk } from "./sdk.js";

export default sdk(async ({ load }) => {
  const day = parse((await (await load("/invoice")).json()).date, "dd.MM.yyyy", new Date(0));
  return {
    day: formatISO(day), spoken: format(day, "EEEE, d. MMMM yyyy", { locale: de }),
    due: format(addBusinessDays(day, 5), "yyyy-MM-dd"), days: differenceInCalendarDays(new Date(2026, 11, 24), day),
  };
});
