export function TeamPage(_: { [k: string]: unknown }) { return <main id="main" class="page" />; }
