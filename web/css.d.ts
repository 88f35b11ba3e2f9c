// Style sheets enter the bundle as text and reach the page as constructed sheets, which a strict CSP allows.
declare module "*.css?text" {
  const css: string;
  export default css;
}

// A plain import makes esbuild write a style sheet beside the entry point.
declare module "*.css" {}
