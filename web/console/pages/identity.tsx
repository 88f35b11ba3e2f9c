export function IdentityPage(_: { [k: string]: unknown }) { return <main id="main" class="page" />; }
