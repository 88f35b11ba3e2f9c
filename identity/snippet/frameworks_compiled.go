package snippet

const goPage = `
[[.Init -]]
{{with .Chat}}
<script>
  [[.Say "{{.}}"]]
</script>
{{end}}
[[.Load]]
`

const springConfiguration = `
chat.secret=${[[.Variable]]}
`

const springWiring = `
package com.example.shop; // yours

import java.security.GeneralSecurityException;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.web.bind.annotation.ControllerAdvice;
import org.springframework.web.bind.annotation.ModelAttribute;

/** Hands every page its customer, as chat. AppUser is your own class of who is logged in. */
@ControllerAdvice
public class ChatAdvice {
  private final ChatProof proof;

  public ChatAdvice(ChatProof proof) {
    this.proof = proof;
  }

  @ModelAttribute("chat")
  public String chat(@AuthenticationPrincipal AppUser user) throws GeneralSecurityException {
    return user == null ? null : proof.customer(user.getId(), user.getEmail(), user.getName());
  }
}
`

// Thymeleaf escapes attributes by itself; the script reads its own.
const springPage = `
[[.Init -]]
<script th:if="${chat}" th:data-chat="${chat}">
  [[.Say "JSON.parse(document.currentScript.dataset.chat)"]]
</script>
[[.Load]]
`

const aspnetWiring = `
using System.Security.Claims;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Filters;

/// <summary>Hands every view its customer, as ViewData["Chat"].</summary>
public sealed class ChatFilter : IResultFilter
{
    private readonly ChatProof proof;

    public ChatFilter(ChatProof proof)
    {
        this.proof = proof;
    }

    public void OnResultExecuting(ResultExecutingContext context)
    {
        var user = context.HttpContext.User;
        var id = user.FindFirst(ClaimTypes.NameIdentifier)?.Value;
        if (id != null && context.Controller is Controller page)
        {
            page.ViewData["Chat"] = proof.Customer(id, user.FindFirst(ClaimTypes.Email)?.Value, user.FindFirst(ClaimTypes.Name)?.Value);
        }
    }

    public void OnResultExecuted(ResultExecutedContext context)
    {
    }
}
`

const aspnetConfiguration = `
builder.Services.AddSingleton<ChatProof>();
builder.Services.AddControllersWithViews(options => options.Filters.Add<ChatFilter>());
`

// Razor escapes what @ prints; the script reads its own attribute.
const aspnetPage = `
[[.Init -]]
@{ var chat = ViewData["Chat"] as string; }
@if (chat != null)
{
<script data-chat="@chat">
  [[.Say "JSON.parse(document.currentScript.dataset.chat)"]]
</script>
}
[[.Load]]
`

const shopifySettings = `
{
  "name": "Chat",
  "settings": [
    {
      "type": "text",
      "id": "chat_secret",
      "label": "Secret",
      "info": "Signs who is logged in. Whoever can edit or export the theme can read it: use a key of its own for this shop."
    }
  ]
}
`

const shopifyLayout = `
{% render 'chat' %}
`

// Liquid's escape is for attributes; the script reads its own. The secret is named
// inside hmac_sha256 alone.
const shopifyPage = `
[[.Init -]]
{%- if customer[[.Signable]] and settings.chat_secret.size > 0 -%}
<script
[[.Attributes]]
>
  (function (chat) {
    [[.Say .Object]]
  })(document.currentScript.dataset);
</script>
{%- endif -%}
[[.Load]]
`
