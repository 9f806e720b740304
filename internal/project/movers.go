package project

import (
	"catchment/internal/flow"
	"catchment/internal/mover"
)

// movers are those of the program, and the landers that are open.
func (p *Project) movers() mover.Set {
	movers := mover.Set{}
	if p.Org != nil {
		for name, make := range p.Drivers.Movers {
			movers[name] = make(p.Org)
		}
	}
	for name, l := range p.landers {
		movers[name] = l
	}
	return movers
}

// openLanders makes the landers that flows of the configuration ask for, or may.
func (p *Project) openLanders() error {
	p.landers = map[string]mover.Lander{}
	for name, make := range p.Drivers.Landers {
		if !p.File.Asks(flow.Mover(name)) {
			continue
		}
		l, err := make(LanderConfig{Settings: p.File.AppFlow, Store: p.Stage, Now: p.Now, ServerTime: p.Org.ServerTime})
		if err != nil {
			return err
		}
		p.landers[name] = l
	}
	return nil
}
