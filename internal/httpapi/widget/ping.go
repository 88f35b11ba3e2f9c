package widget

import (
	"context"

	"countersign/internal/httpapi"
	"countersign/internal/httpapi/wire"
	"countersign/internal/trust"
)

// ping counts the start of an app that claims nobody. Pages do the same by the frame's
// document, since a page's policy may let them do no more; see face.
func (d *Door) ping(ctx context.Context, c *httpapi.Call[wire.None], in wire.Ping) (wire.None, error) {
	platform, err := platformOf(in.Platform)
	if err != nil {
		return wire.None{}, err
	}
	counted, err := d.Gate.Ping(ctx, trust.Ping{
		Channel: in.Channel, Platform: platform, Origin: in.Origin, Version: in.Version, Network: c.Client.Network,
	})
	if err != nil {
		return wire.None{}, unknownChannel(err)
	}
	d.metrics.Pinged(counted, false)
	if !counted {
		return wire.None{}, httpapi.Fail(httpapi.TooMany)
	}
	return wire.None{}, nil
}
