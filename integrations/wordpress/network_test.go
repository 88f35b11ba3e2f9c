package wordpress_test

import (
	"os/exec"
	"strings"
	"testing"
)

// stage is as much of a WordPress as a registration touches. What would be sent is printed
// instead, with whether WordPress refuses addresses of its own network for it.
const stage = `
define( 'ABSPATH', '/' );
define( 'COUNTERSIGN_VERSION', '1' );
class WP_Error { public function __construct( $code, $text ) { $this->text = $text; } public function get_error_message() { return $this->text; } }
function is_wp_error( $x ) { return $x instanceof WP_Error; }
function __( $text ) { return $text; }
function wp_parse_url( $url ) { return parse_url( $url ); }
function home_url() { return 'https://blog.example'; }
function get_bloginfo() { return 'Blog'; }
function wp_specialchars_decode( $text ) { return $text; }
function wp_json_encode( $value ) { return json_encode( $value ); }
function is_multisite() { return NETWORK; }
function current_user_can( $right ) { return SUPER || 'manage_options' === $right; }
function wp_remote_post( $url, $how ) { echo $url, ' ', empty( $how['reject_unsafe_urls'] ) ? 'anywhere' : 'outside', "\n"; return new WP_Error( '', '' ); }
require 'countersign/includes/class-countersign-connection.php';
Countersign_Connection::register( $argv[1], 'csr_' . str_repeat( 'a', 43 ) );
`

// In a network of sites, whoever looks after one of them has no right to the machine that all
// of them run on: with any address to connect to, they would knock at its own services.
func TestWhoeverKeepsOneSiteOfANetworkDoesNotKnockAtItsInside(t *testing.T) {
	needPHP(t)
	for _, c := range []struct{ network, super, url, want string }{
		{"true", "false", "http://127.0.0.1:9200", "http://127.0.0.1:9200/api/v1/register outside\n"},
		{"true", "false", "https://chat.example", "https://chat.example/api/v1/register outside\n"},
		{"true", "true", "http://127.0.0.1:9200", "http://127.0.0.1:9200/api/v1/register anywhere\n"},
		{"false", "false", "http://127.0.0.1:9200", "http://127.0.0.1:9200/api/v1/register anywhere\n"},
	} {
		code := "define( 'NETWORK', " + c.network + " ); define( 'SUPER', " + c.super + " );" + stage
		out, err := exec.Command("php", "-r", strings.TrimSpace(code), "--", c.url).CombinedOutput()
		if err != nil || string(out) != c.want {
			t.Errorf("network %s, super administrator %s, %s: %q, %v, want %q", c.network, c.super, c.url, out, err, c.want)
		}
	}
}
