export function ChannelsPage(_: { [k: string]: unknown }) { return <main id="main" class="page" />; }
