package operate

import (
	"context"

	"countersign/identity/policy"
	"countersign/internal/httpapi"
	"countersign/internal/httpapi/wire"
	"countersign/internal/team"
)

// Team is who the colleagues are. What makes, changes or removes one is a person's to do.
type Team interface {
	Agents(ctx context.Context, who policy.Principal) ([]team.Agent, error)
}

func (o *Routes) team(f *httpapi.Floor, m Mount) {
	httpapi.Handle(f, m.Guard, m.route("GET", "/agents", "listAgents", "team", "The colleagues"), o.listAgents)
}

func (o *Routes) listAgents(ctx context.Context, c *call, _ wire.None) (wire.Agents, error) {
	agents, err := o.Team.Agents(ctx, c.Who)
	out := wire.Agents{Agents: make([]wire.Agent, len(agents))}
	for i, agent := range agents {
		out.Agents[i] = ShapeAgent(agent)
	}
	return out, err
}

// ShapeAgent is a colleague as the others see them.
func ShapeAgent(a team.Agent) wire.Agent {
	return wire.Agent{ID: a.ID, Email: a.Email, Name: a.Name, Role: string(a.Role), Joined: a.Joined, Factor: a.Factors > 0, CreatedAt: a.CreatedAt.UTC()}
}
