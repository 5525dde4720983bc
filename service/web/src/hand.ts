// Whether somebody has their hand on a part of the page: what is painted meanwhile would take it from under them.

const DONE = ["pointerup", "pointercancel", "change", "keydown"]; // a list that opens keeps the pointer's end to itself

export class Hand {
  private pressed = false;
  private composing = false; // a word of Chinese that is not chosen yet

  /** `letGo` is called once nothing is held any more, after what the hand has done was heard. */
  constructor(private readonly place: HTMLElement, private readonly letGo: () => void) {
    place.addEventListener("pointerdown", () => (this.pressed = true));
    for (const event of DONE) document.addEventListener(event, () => this.let(), true);
    document.addEventListener("pointermove", (event) => !event.buttons && this.pressed && this.let(), true);
    window.addEventListener("blur", () => this.let());
    place.addEventListener("compositionstart", () => (this.composing = true));
    place.addEventListener("compositionend", () => {
      this.composing = false;
      this.let();
    });
    place.addEventListener("toggle", () => this.let(), true);
  }

  /** Whether something is pressed, a word is being composed, or a calendar is open. */
  get holds(): boolean {
    return this.pressed || this.composing || this.place.querySelector(":popover-open") !== null;
  }

  private let(): void {
    this.pressed = false;
    setTimeout(() => !this.holds && this.letGo()); // a click is heard after its pointer was let go
  }
}
