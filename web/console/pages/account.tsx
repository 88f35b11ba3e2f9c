export function AccountPage(_: { [k: string]: unknown }) { return <main id="main" class="page" />; }
