package shop

import "time"

// Customer is somebody with an account. ID is the user id that the shop signs.
type Customer struct {
	ID      string
	Name    string
	Email   string
	City    string
	Since   int    // year of the first order
	About   string // why this person is in the demonstration
	Initial string
	Orders  []Order
}

// Order is one purchase; Days says how long ago, so that the demonstration
// never looks old.
type Order struct {
	Number string
	Days   int
	Status string
	Items  []Item
}

// Item is a line of an order.
type Item struct {
	Slug     string
	Quantity int
}

// On is the day of the order, seen from now.
func (o Order) On(now time.Time) time.Time { return now.AddDate(0, 0, -o.Days) }

// Pence is what the order cost.
func (o Order) Pence() int {
	total := 0
	for _, item := range o.Items {
		if product, ok := productBySlug(item.Slug); ok {
			total += product.Pence * item.Quantity
		}
	}
	return total
}

// The bench plays the second against the first.
const (
	victimID   = "cust-1001"
	attackerID = "cust-1002"
)

// customers are invented. Their names are chosen to be awkward: very long, from
// other scripts, equal to one another, and full of characters that HTML would
// like to interpret.
func customers() []Customer {
	return []Customer{
		{
			ID: victimID, Name: "Ada Lindqvist", Email: "ada.lindqvist@example.com", City: "Bristol", Since: 2021, Initial: "A",
			About: "Has a conversation that others would like to read: the attack bench goes after her.",
			Orders: []Order{
				{"AP-20418", 4, "Delivered", []Item{{"fen-lantern", 1}, {"morning-mug", 2}}},
				{"AP-19877", 61, "Delivered", []Item{{"moor-blanket", 1}}},
			},
		},
		{
			ID: attackerID, Name: "Mallory Finch", Email: "mallory.finch@example.net", City: "Hull", Since: 2024, Initial: "M",
			About:  "An ordinary account with an honest hash of its own. The attack bench borrows it.",
			Orders: []Order{{"AP-20377", 9, "Delivered", []Item{{"morning-mug", 1}}}},
		},
		{
			ID: "cust-1003", Name: "Jun Tanaka", Email: "jun.tanaka@example.org", City: "Leeds", Since: 2019, Initial: "J",
			About: "One of two customers of this name.",
			Orders: []Order{
				{"AP-20431", 1, "On its way", []Item{{"slow-kettle", 1}}},
				{"AP-18002", 240, "Delivered", []Item{{"alder-board", 1}, {"morning-mug", 4}}},
			},
		},
		{
			ID: "cust-1004", Name: "Jun Tanaka", Email: "tanaka.family@example.com", City: "Cardiff", Since: 2023, Initial: "J",
			About:  "The other one: same name, other person.",
			Orders: []Order{{"AP-20402", 6, "On its way", []Item{{"moor-blanket", 2}}}},
		},
		{
			ID: "cust-1005", Name: "Þórdís Ægisdóttir", Email: "thordis@example.is", City: "Reykjavík", Since: 2022, Initial: "Þ",
			About:  "A name beyond ASCII.",
			Orders: []Order{{"AP-20390", 8, "Delivered", []Item{{"day-pack", 1}}}},
		},
		{
			ID: "cust-1006", Name: "ليلى الحداد", Email: "layla@example.com", City: "Beirut", Since: 2025, Initial: "ل",
			About:  "A name that runs from right to left.",
			Orders: []Order{{"AP-20411", 5, "Being packed", []Item{{"wren-house", 1}, {"fen-lantern", 1}}}},
		},
		{
			ID: "cust-1007", Name: "O’Neill <Dev> & \"Sons\"", Email: "dev+shop@example.dev", City: "Cork", Since: 2020, Initial: "O",
			About:  "A name with every character that needs escaping.",
			Orders: []Order{{"AP-20366", 12, "Delivered", []Item{{"milking-stool", 3}}}},
		},
		{
			ID: "cust-1008", Name: "Maximiliane-Alexandrina Freifrau von und zu Habersdorff-Weissenbrunn-Oberlauringen", City: "Vienna", Since: 2018, Initial: "M",
			Email:  "maximiliane-alexandrina.habersdorff-weissenbrunn-oberlauringen@example.at",
			About:  "A name longer than any design expects.",
			Orders: nil,
		},
	}
}

func customerByID(id string) (Customer, bool) {
	for _, customer := range customers() {
		if customer.ID == id {
			return customer, true
		}
	}
	return Customer{}, false
}
