// Where everything stands in one column a case comes before its drawing, for the eye and for Tab alike.
import { byId } from "./dom";

const narrow = matchMedia("(max-width: 900px)"); // as narrow.css has it
let reading = false;

function place(): void {
  const panel = byId("panel");
  const stage = document.querySelector(".stage") as HTMLElement;
  const first = reading && narrow.matches;
  if (first === (panel.nextElementSibling === stage)) return;
  if (first) stage.before(panel);
  else stage.after(panel);
}

narrow.addEventListener("change", place);

/** Say whether a case is open. */
export function caseOpen(open: boolean): void {
  reading = open;
  place();
}
