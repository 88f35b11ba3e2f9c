package snippet

// How each framework's files are written. Every page prints one object, escaped in its
// template language's own way for a script element; which way that is stands beside it.

const railsHelper = `
[[.Head]]
module ChatHelper
  # What the page says of a customer: whom the proof is for, and the proof.
  def chat_customer(user)
    {
[[- range .Members]]
      [[.Name]]: [[.Value]],
[[- end]]
    }
  end

  private

[[indent 2 .Body]]
end
`

// json_escape turns <, >, &, U+2028 and U+2029 into JSON's escapes.
const railsPage = `
[[.Init -]]
<% if current_user %>
<script>
  [[.Say "<%= raw json_escape(chat_customer(current_user).to_json) %>"]]
</script>
<% end %>
[[.Load]]
`

const erbCode = `
[[- if not .JWT]]
require "json"
[[end -]]
[[.Whole]]
# What the page says of a customer, as JSON that may stand in a script element.
def chat_customer(user)
  said = {
[[- range .Members]]
    [[.Name]]: [[.Value]],
[[- end]]
  }
  JSON.generate(said).gsub(/[<>&\u2028\u2029]/) { |c| format('\u%04x', c.ord) }
end
`

const erbPage = `
[[.Init -]]
<% if user %>
<script>
  [[.Say "<%= chat_customer(user) %>"]]
</script>
<% end %>
[[.Load]]
`

const laravelConfiguration = `
    'chat' => [
        'secret' => env('[[.Variable]]'),
    ],
`

const laravelCode = `
<?php

namespace App\Support;

use RuntimeException;

final class ChatProof
{
    /** What the page says of a customer: whom the proof is for, and the proof. */
    public static function customer($user)
    {
        return [
[[- range .Members]]
            '[[.Name]]' => [[.Value]],
[[- end]]
        ];
    }

[[indent 4 .Body]]
}
`

// @json prints with JSON_HEX_TAG, JSON_HEX_AMP, JSON_HEX_APOS and JSON_HEX_QUOT.
const laravelPage = `
[[.Init -]]
@auth
<script>
  [[.Say "@json(\\App\\Support\\ChatProof::customer(auth()->user()))"]]
</script>
@endauth
[[.Load]]
`

const phpPageCode = `
[[.Whole]]
// What the page says of a customer: whom the proof is for, and the proof.
function chat_customer($user_id, $email, $name)
{
    return [
[[- range .Members]]
        '[[.Name]]' => [[.Value]],
[[- end]]
    ];
}
`

const phpPage = `
[[.Init -]]
<?php if ($user): ?>
<script>
  [[.Say "<?= json_encode(chat_customer($user['id'], $user['email'], $user['name']), JSON_HEX_TAG | JSON_HEX_AMP | JSON_HEX_APOS | JSON_HEX_QUOT | JSON_THROW_ON_ERROR) ?>"]]
</script>
<?php endif ?>
[[.Load]]
`

const djangoConfiguration = `
[[.Variable]] = os.environ["[[.Variable]]"]
TEMPLATES[0]["OPTIONS"]["context_processors"].append("chat.context")
`

const pythonCustomer = `

# What the page says of a customer: whom the proof is for, and the proof.
def chat_customer(user):
    return {
[[- range .Members]]
        "[[.Name]]": [[.Value]],
[[- end]]
    }
`

const djangoCode = `
[[.Head]]
from django.conf import settings


[[.Body]]` + pythonCustomer + `

# Hands it to every page, as chat.
def context(request):
    user = getattr(request, "user", None)
    return {"chat": chat_customer(user) if user and user.is_authenticated else None}
`

// json_script prints JSON with <, > and & as escapes into an element that no browser runs.
const djangoPage = `
[[.Init -]]
{% if chat %}
{{ chat|json_script:"chat-customer" }}
<script>
  [[.Say "JSON.parse(document.getElementById('chat-customer').textContent)"]]
</script>
{% endif %}
[[.Load]]
`

const flaskConfiguration = `
from chat import init_chat

app.config["[[.Variable]]"] = os.environ["[[.Variable]]"]
# Answers with the customer of this request, or None; this is how flask_login has them.
init_chat(app, lambda: current_user if current_user.is_authenticated else None)
`

const flaskCode = `
[[.Head]]
from flask import current_app


[[.Body]]` + pythonCustomer + `

# Hands it to every page, as chat.
def init_chat(app, logged_in):
    @app.context_processor
    def customer():
        user = logged_in()
        return {"chat": chat_customer(user) if user else None}
`

// tojson prints <, >, & and ' as escapes.
const flaskPage = `
[[.Init -]]
{% if chat %}
<script>
  [[.Say "{{ chat|tojson }}"]]
</script>
{% endif %}
[[.Load]]
`

const nodeCustomer = `// What the page says of a customer, as JSON that may stand in a script element.
[[if .Typed]]export [[end]]function chatCustomer(user[[if .Typed]]: Customer[[end]])[[if .Typed]]: string[[end]] {
  const said = {
[[- range .Members]]
    [[.Name]]: [[.Value]],
[[- end]]
  };
  return JSON.stringify(said).replace(/[<>&\u2028\u2029]/g, (c) => '\\u' + c.charCodeAt(0).toString(16).padStart(4, '0'));
}
`

const expressCode = `
[[.Whole]]
` + nodeCustomer + `
// Hands it to every page, as chat.
function chat(req, res, next) {
  try {
    res.locals.chat = req.user ? chatCustomer(req.user) : '';
    next();
  } catch (error) {
    next(error);
  }
}

module.exports = { chat, chatCustomer };
`

const expressWiring = `
app.use(require('./chat-proof.js').chat); // after what sets req.user
`

// EJS has no escape for scripts: what it prints here is escaped already, by chatCustomer.
const expressPage = `
[[.Init -]]
<% if (locals.chat) { %>
<script>
  [[.Say "<%- chat %>"]]
</script>
<% } %>
[[.Load]]
`

const nextCode = `
[[.Head]]
export type Customer = { id: string | number; email: string; name: string };

[[.Body]]
` + nodeCustomer

// React prints __html as it is: chatCustomer has escaped it for a script element.
const nextPage = `
import { chatCustomer, type Customer } from './chat-proof';

// A server component: put <Chat user={…} /> before the end of the body in app/layout.tsx.
export function Chat({ user }: { user: Customer | null }) {
[[- if .Native]]
  return (
    <>
      <script dangerouslySetInnerHTML={{ __html: init }} />
      {user && <script dangerouslySetInnerHTML={{ __html: ` + "`" + `[[.Say "${chatCustomer(user)}"]]` + "`" + ` }} />}
      [[.LoadTag]]
    </>
  );
}

const init = ` + "`" + `
[[.InitScript]]
` + "`" + `;
[[- else]]
  if (!user) return null;
  return <script dangerouslySetInnerHTML={{ __html: ` + "`" + `[[.Say "${chatCustomer(user)}"]]` + "`" + ` }} />;
}
[[- end]]
`
