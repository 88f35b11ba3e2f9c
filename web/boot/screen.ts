// The part of the screen that one can see: a soft keyboard covers the rest, and not every system makes the page smaller
// for it. Who has zoomed in looks at a part by their own will, and nothing moves.
export function fitScreen(): void {
  const seen = window.visualViewport;
  if (!seen) return;
  const { style, dataset } = document.documentElement;
  let tallest = 0;
  let width = 0;
  const fit = (): void => {
    if (seen.scale > 1.01) return;
    if (width !== seen.width) tallest = 0; // turned
    width = seen.width;
    tallest = Math.max(tallest, seen.height);
    style.setProperty("--seen", `${seen.height}px`);
    // A keyboard covers the strip that the system keeps free below.
    if (tallest - seen.height > 100) dataset.keyboard = "";
    else delete dataset.keyboard;
    scrollTo(0, 0);
  };
  seen.addEventListener("resize", fit);
  seen.addEventListener("scroll", fit);
  fit();
}
