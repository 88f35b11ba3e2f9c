export function AuditPage(_: { [k: string]: unknown }) { return <main id="main" class="page" />; }
