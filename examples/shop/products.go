package shop

import (
	"fmt"
	"html/template"
)

// Product is one thing on the shelf.
type Product struct {
	Slug  string
	Name  string
	Line  string // one line under the name
	Pence int
	Tint  string // class of the drawing's background
	Stock string
	Text  []string
	Facts []Fact
}

// Fact is a row of the product's small print.
type Fact struct{ Name, Value string }

// Price is for reading: £48.00.
func (p Product) Price() string { return pounds(p.Pence) }

func pounds(pence int) string { return fmt.Sprintf("£%d.%02d", pence/100, pence%100) }

func products() []Product {
	return []Product{
		{
			Slug: "fen-lantern", Name: "Fen lantern", Line: "Brass and seeded glass", Pence: 6400, Tint: "amber", Stock: "In stock",
			Text: []string{
				"A storm lantern for garden tables and power cuts. Four panes of seeded glass in a folded brass frame, with a chimney that draws well enough for a windy porch.",
				"Takes a pillar candle or our small oil lamp. Each pane can be replaced by hand; write to us and we send one.",
			},
			Facts: []Fact{{"Height", "31 cm"}, {"Weight", "1.2 kg"}, {"Made in", "Ely"}},
		},
		{
			Slug: "morning-mug", Name: "Morning mug", Line: "Enamel, half a pint", Pence: 1450, Tint: "sky", Stock: "In stock",
			Text: []string{
				"Steel under two coats of enamel, with a rolled rim that stays cooler than the tea.",
				"It chips if you drop it on stone. It also goes on doing its work for decades afterwards.",
			},
			Facts: []Fact{{"Holds", "300 ml"}, {"Dishwasher", "Yes"}, {"Made in", "Wolverhampton"}},
		},
		{
			Slug: "moor-blanket", Name: "Moor blanket", Line: "Undyed herringbone", Pence: 11800, Tint: "moss", Stock: "In stock",
			Text: []string{
				"Woven from the fleece of two flocks and never dyed: the stripes are the sheep.",
				"Large enough for two on a bench and heavy enough to stay there.",
			},
			Facts: []Fact{{"Size", "150 × 200 cm"}, {"Weight", "1.6 kg"}, {"Care", "Cold wash, dry flat"}},
		},
		{
			Slug: "alder-board", Name: "Alder board", Line: "End-grain, oiled", Pence: 5200, Tint: "clay", Stock: "Four left",
			Text: []string{
				"End-grain alder, kind to knives and quiet under them. Oiled three times before it leaves us.",
				"Rub it with a spoonful of oil twice a year and it will outlast the kitchen.",
			},
			Facts: []Fact{{"Size", "38 × 25 × 4 cm"}, {"Wood", "Alder, from thinnings"}, {"Care", "By hand"}},
		},
		{
			Slug: "slow-kettle", Name: "Slow kettle", Line: "Spun copper, tinned", Pence: 13900, Tint: "rose", Stock: "Ships in two weeks",
			Text: []string{
				"A stove kettle spun from one sheet of copper, tinned inside. It takes its time and sings when it is done.",
				"Works on gas, on solid fuel, and with the steel plate on induction.",
			},
			Facts: []Fact{{"Holds", "1.5 l"}, {"Hobs", "Gas, stove; induction with plate"}, {"Made in", "Sheffield"}},
		},
		{
			Slug: "milking-stool", Name: "Milking stool", Line: "Three legs, no wobble", Pence: 7600, Tint: "sand", Stock: "In stock",
			Text: []string{
				"Three legs stand firm on any floor, which is why cowsheds never used four. Turned ash legs wedged into a pine seat, no screws.",
			},
			Facts: []Fact{{"Height", "29 cm"}, {"Carries", "120 kg"}, {"Wood", "Ash and pine"}},
		},
		{
			Slug: "day-pack", Name: "Day pack", Line: "Waxed canvas, 18 litres", Pence: 9800, Tint: "pine", Stock: "In stock",
			Text: []string{
				"Waxed cotton that gets better with rain, a wooden toggle that works in gloves, and one outside pocket, because one is enough.",
			},
			Facts: []Fact{{"Holds", "18 l"}, {"Weight", "900 g"}, {"Repairs", "Free, for good"}},
		},
		{
			Slug: "wren-house", Name: "Wren house", Line: "Larch, for small tenants", Pence: 3400, Tint: "plum", Stock: "In stock",
			Text: []string{
				"A nesting box with an entrance that admits wrens and keeps out everybody larger. The roof lifts for the yearly clean.",
				"Hang it two metres up, out of the midday sun, before February.",
			},
			Facts: []Fact{{"Entrance", "28 mm"}, {"Height", "24 cm"}, {"Wood", "Larch, unpainted"}},
		},
	}
}

func productBySlug(slug string) (Product, bool) {
	for _, product := range products() {
		if product.Slug == slug {
			return product, true
		}
	}
	return Product{}, false
}

// readArt loads the drawing of each product. They are ours, so they go into the
// page as markup.
func readArt() (map[string]template.HTML, error) {
	art := make(map[string]template.HTML)
	for _, product := range products() {
		drawing, err := files.ReadFile("art/" + product.Slug + ".svg")
		if err != nil {
			return nil, fmt.Errorf("shop: drawing of %s: %w", product.Slug, err)
		}
		art[product.Slug] = template.HTML(drawing) //nolint:gosec // embedded, and ours
	}
	return art, nil
}
