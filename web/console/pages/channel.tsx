export function ChannelPage(_: { [k: string]: unknown }) { return <main id="main" class="page" />; }
