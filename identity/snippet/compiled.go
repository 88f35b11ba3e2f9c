package snippet

const goCode = `
package chatproof

import (
	"crypto/hmac"
	"crypto/sha256"
{{- if not .Hash}}
	"encoding/base64"
{{- end}}
{{- if .Hash}}
	"encoding/hex"
{{- end}}
{{- if .JWT}}
	"encoding/json"
{{- end}}
	"errors"
	"os"
{{- if .V1}}
	"strconv"
{{- end}}
{{- if .Lower}}
	"strings"
{{- end}}
{{- if not .Hash}}
	"time"
{{- end}}
)

// {{if .Hash}}Hash{{else}}Token{{end}} is for your server, for the customer who is logged in there. A number
// becomes text by strconv.FormatInt. The page carries the result as
// {{.Goes}}.
func {{if .Hash}}Hash{{else}}Token{{end}}({{if .UserID}}userID{{if .Email}}, email{{end}}{{else}}email{{end}} string) (string, error) {
	secret := os.Getenv("{{.Variable}}")
	if secret == "" {
		return "", errors.New("{{.Variable}} is not set")
	}
{{- if .Hex}}
	// This secret is hexadecimal: the key is the bytes that it stands for.
	key, err := hex.DecodeString(secret)
	if err != nil {
		return "", errors.New("{{.Variable}} is not hexadecimal")
	}
	mac := hmac.New(sha256.New, key)
{{- else}}
	mac := hmac.New(sha256.New, []byte(secret))
{{- end}}
{{- if .Hash}}
{{- if .Lower}}
	// ASCII letters alone: beyond them languages lower in ways of their own, and one
	// address must not become another.
	lowered := strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}, email)
{{- end}}
	mac.Write([]byte({{if .Lower}}lowered{{else if eq .Field "user_id"}}userID{{else}}email{{end}}))
	return hex.EncodeToString(mac.Sum(nil)), nil
{{- end}}
{{- if not .Hash}}
	encode := base64.RawURLEncoding.EncodeToString
{{- end}}
{{- if .JWT}}
	now := time.Now().Unix()
	claims, err := json.Marshal(map[string]any{
{{- if .Audience}}
		"aud": "{{.Channel}}",
{{- end}}
		"iat": now, "exp": now + {{.Seconds}},
{{- if .UserID}}
		"{{.Claim}}": userID,
{{- end}}
{{- if .Email}}
		"email": email,
{{- end}}
{{- if .Scope}}
		"scope": "{{.Scope}}",
{{- end}}
	})
	if err != nil {
		return "", err
	}
	signed := encode([]byte(` + "`" + `{"alg":"HS256","typ":"JWT"}` + "`" + `)) + "." + encode(claims)
	mac.Write([]byte(signed))
	return signed + "." + encode(mac.Sum(nil)), nil
{{- end}}
{{- if .V1}}
	const channel = "{{.Channel}}"
	issued := strconv.FormatInt(time.Now().Unix(), 10)
	for _, part := range []string{"countersign.v1", channel, {{if .UserID}}userID{{else}}""{{end}}, {{if .Email}}email{{else}}""{{end}}, issued} {
		mac.Write([]byte(strconv.Itoa(len(part)) + ":" + part + ","))
	}
	return "v1." + encode([]byte(channel)) + "." + issued + "." + encode([]byte({{if .UserID}}userID{{else}}""{{end}})) + "." + encode([]byte({{if .Email}}email{{else}}""{{end}})) + "." + encode(mac.Sum(nil)), nil
{{- end}}
}
{{- if .Members}}

// Customer is what the page says of them. Hand it to html/template, which writes it as
// JSON where a script wants a value.
func Customer(userID, email, name string) (map[string]string, error) {
	proof, err := {{if .Hash}}Hash{{else}}Token{{end}}({{if .UserID}}userID{{if .Email}}, email{{end}}{{else}}email{{end}})
	if err != nil {
		return nil, err
	}
	return map[string]string{
{{- range .Members}}
		"{{.Name}}": {{.Value}},
{{- end}}
	}, nil
}
{{- end}}
`

const javaCode = `
{{- if .Framework}}
package com.example.shop; // yours
{{end}}
{{- if .V1}}
import java.io.ByteArrayOutputStream;
{{- end}}
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
{{- if not .Hash}}
import java.time.Instant;
import java.util.Base64;
{{- end}}
{{- if .Hash}}
import java.util.HexFormat;
{{- end}}
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
{{- if .Framework}}
import org.springframework.beans.factory.annotation.Value;
import org.springframework.stereotype.Component;
{{- end}}

/** For your server, for the customer who is logged in there. Java 17 or later. */
{{- if .Framework}}
@Component
public class ChatProof {
  private final String secret;

  public ChatProof(@Value("${chat.secret}") String secret) {
    if (secret.isEmpty()) {
      throw new IllegalStateException("chat.secret is empty");
    }
    this.secret = secret;
  }
{{- else}}
public final class ChatProof {
  private ChatProof() {}
{{- end}}

  private {{if not .Framework}}static {{end}}byte[] mac(byte[] message) throws GeneralSecurityException {
{{- if not .Framework}}
    String secret = System.getenv("{{.Variable}}");
    if (secret == null || secret.isEmpty()) {
      throw new IllegalStateException("{{.Variable}} is not set");
    }
{{- end}}
{{- if .Hex}}
    // This secret is hexadecimal: the key is the bytes that it stands for.
    byte[] key = HexFormat.of().parseHex(secret);
{{- else}}
    byte[] key = secret.getBytes(StandardCharsets.UTF_8);
{{- end}}
    Mac mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(key, "HmacSHA256"));
    return mac.doFinal(message);
  }
{{- if .Hash}}

  /** The page carries the result as {{.Goes}}. */
  public {{if not .Framework}}static {{end}}String hash({{if eq .Field "user_id"}}Object userId{{else}}String email{{end}}) throws GeneralSecurityException {
{{- if eq .Field "user_id"}}
    if (userId == null) throw new IllegalArgumentException("this customer has no user id"); // "null" would be everybody
    String text = String.valueOf(userId);
{{- else}}
{{- if .Lower}}
    // ASCII letters alone: beyond them languages lower in ways of their own, and one
    // address must not become another.
    String text = java.util.regex.Pattern.compile("[A-Z]").matcher(email)
        .replaceAll(letter -> letter.group().toLowerCase(java.util.Locale.ROOT));
{{- else}}
    String text = email;
{{- end}}
{{- end}}
    return HexFormat.of().formatHex(mac(text.getBytes(StandardCharsets.UTF_8)));
  }
{{- end}}
{{- if not .Hash}}

  private static String encode(byte[] data) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(data);
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
{{- end}}
{{- if or .JWT .Members}}

  private static String json(String text) {
    if (text == null) {
      return "null";
    }
    StringBuilder out = new StringBuilder("\"");
    for (char c : text.toCharArray()) {
      if (c == '"' || c == '\\' || c < ' ') {
        out.append(String.format("\\u%04x", (int) c));
      } else {
        out.append(c);
      }
    }
    return out.append('"').toString();
  }
{{- end}}
{{- if .JWT}}

  /** The page carries the result as {{.Goes}}. */
  public {{if not .Framework}}static {{end}}String token({{if .UserID}}Object userId{{if .Email}}, String email{{end}}{{else}}String email{{end}}) throws GeneralSecurityException {
{{- if .UserID}}
    if (userId == null) throw new IllegalArgumentException("this customer has no user id"); // "null" would be everybody
{{- end}}
    long now = Instant.now().getEpochSecond();
    String claims = "{\"iat\":" + now + ",\"exp\":" + (now + {{.Seconds}})
{{- if .Audience}}
        + ",\"aud\":\"{{.Channel}}\""
{{- end}}
{{- if .UserID}}
        + ",\"{{.Claim}}\":" + json(String.valueOf(userId))
{{- end}}
{{- if .Scope}}
        + ",\"scope\":\"{{.Scope}}\""
{{- end}}
{{- if .Email}}
        + ",\"email\":" + json(email)
{{- end}}
        + "}";
    String signed = encode(utf8("{\"alg\":\"HS256\",\"typ\":\"JWT\"}")) + "." + encode(utf8(claims));
    return signed + "." + encode(mac(utf8(signed)));
  }
{{- end}}
{{- if .V1}}

  /** The page carries the result as {{.Goes}}. */
  public {{if not .Framework}}static {{end}}String token({{if .UserID}}Object userId{{if .Email}}, String email{{end}}{{else}}String email{{end}}) throws GeneralSecurityException {
{{- if .UserID}}
    if (userId == null) throw new IllegalArgumentException("this customer has no user id"); // "null" would be everybody
{{- end}}
    String channel = "{{.Channel}}";
    String issued = Long.toString(Instant.now().getEpochSecond());
    String user = {{if .UserID}}String.valueOf(userId){{else}}""{{end}};
    String mail = {{if .Email}}email == null ? "" : email{{else}}""{{end}};
    ByteArrayOutputStream signed = new ByteArrayOutputStream();
    for (String part : new String[] {"countersign.v1", channel, user, mail, issued}) {
      byte[] bytes = utf8(part);
      signed.writeBytes(utf8(bytes.length + ":"));
      signed.writeBytes(bytes);
      signed.writeBytes(utf8(","));
    }
    return String.join(".", "v1", encode(utf8(channel)), issued, encode(utf8(user)), encode(utf8(mail)), encode(mac(signed.toByteArray())));
  }
{{- end}}
{{- if .Members}}

  /** What the page says of a customer, as JSON. The template escapes it where it stands. */
  public String customer(Object userId, String email, String name) throws GeneralSecurityException {
    return "{"
{{- range $i, $m := .Members}}
        + "{{if $i}},{{end}}\"{{$m.Name}}\":" + json({{$m.Value}})
{{- end}}
        + "}";
  }
{{- end}}
}
`

const csharpCode = `
using System;
{{- if .V1}}
using System.Collections.Generic;
{{- end}}
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
{{- if .Hex}}
using System.Text.RegularExpressions;
{{- end}}
{{- if .Framework}}
using Microsoft.Extensions.Configuration;
{{- end}}

/// <summary>For your server, for the customer who is logged in there.</summary>
public {{if .Framework}}sealed{{else}}static{{end}} class ChatProof
{
{{- if .Framework}}
    private readonly IConfiguration configuration;

    public ChatProof(IConfiguration configuration)
    {
        this.configuration = configuration;
    }
{{end}}
    private {{if not .Framework}}static {{end}}byte[] Mac(byte[] message)
    {
{{- if .Framework}}
        string secret = configuration["{{.Variable}}"];
{{- else}}
        string secret = Environment.GetEnvironmentVariable("{{.Variable}}");
{{- end}}
        if (string.IsNullOrEmpty(secret))
        {
            throw new InvalidOperationException("{{.Variable}} is not set");
        }
{{- if .Hex}}
        // This secret is hexadecimal: the key is the bytes that it stands for.
        if (!Regex.IsMatch(secret, "\\A([0-9a-fA-F]{2})+\\z"))
        {
            throw new InvalidOperationException("{{.Variable}} is not hexadecimal");
        }
        byte[] key = new byte[secret.Length / 2];
        for (int i = 0; i < key.Length; i++)
        {
            key[i] = Convert.ToByte(secret.Substring(2 * i, 2), 16);
        }
{{- else}}
        byte[] key = Encoding.UTF8.GetBytes(secret);
{{- end}}
        using (var mac = new HMACSHA256(key))
        {
            return mac.ComputeHash(message);
        }
    }
{{- if .Hash}}

    /// <summary>The page carries the result as {{.Goes}}.</summary>
    public {{if not .Framework}}static {{end}}string Hash({{if eq .Field "user_id"}}object userId{{else}}string email{{end}})
    {
{{- if eq .Field "user_id"}}
        string text = Convert.ToString(userId, CultureInfo.InvariantCulture);
{{- else}}
{{- if .Lower}}
        // ASCII letters alone: beyond them languages lower in ways of their own, and one
        // address must not become another.
        string text = System.Text.RegularExpressions.Regex.Replace(email, "[A-Z]", letter => letter.Value.ToLowerInvariant());
{{- else}}
        string text = email;
{{- end}}
{{- end}}
        return BitConverter.ToString(Mac(Encoding.UTF8.GetBytes(text))).Replace("-", "").ToLowerInvariant();
    }
{{- end}}
{{- if not .Hash}}

    private static string Encode(byte[] data)
    {
        return Convert.ToBase64String(data).TrimEnd('=').Replace('+', '-').Replace('/', '_');
    }

    private static long Now()
    {
        return DateTimeOffset.UtcNow.ToUnixTimeSeconds();
    }
{{- end}}
{{- if or .JWT .Members}}

    private static string Json(string text)
    {
        if (text == null)
        {
            return "null";
        }
        var quoted = new StringBuilder("\"");
        foreach (char c in text)
        {
            if (c == '"' || c == '\\' || c < ' ')
            {
                quoted.Append("\\u").Append(((int)c).ToString("x4", CultureInfo.InvariantCulture));
            }
            else
            {
                quoted.Append(c);
            }
        }
        return quoted.Append('"').ToString();
    }
{{- end}}
{{- if .JWT}}

    /// <summary>The page carries the result as {{.Goes}}.</summary>
    public {{if not .Framework}}static {{end}}string Token({{if .UserID}}object userId{{if .Email}}, string email{{end}}{{else}}string email{{end}})
    {
        long now = Now();
        string claims = "{\"iat\":" + now + ",\"exp\":" + (now + {{.Seconds}})
{{- if .Audience}}
            + ",\"aud\":\"{{.Channel}}\""
{{- end}}
{{- if .UserID}}
            + ",\"{{.Claim}}\":" + Json(Convert.ToString(userId, CultureInfo.InvariantCulture))
{{- end}}
{{- if .Scope}}
            + ",\"scope\":\"{{.Scope}}\""
{{- end}}
{{- if .Email}}
            + ",\"email\":" + Json(email)
{{- end}}
            + "}";
        string signed = Encode(Encoding.UTF8.GetBytes("{\"alg\":\"HS256\",\"typ\":\"JWT\"}")) + "." + Encode(Encoding.UTF8.GetBytes(claims));
        return signed + "." + Encode(Mac(Encoding.UTF8.GetBytes(signed)));
    }
{{- end}}
{{- if .V1}}

    /// <summary>The page carries the result as {{.Goes}}.</summary>
    public {{if not .Framework}}static {{end}}string Token({{if .UserID}}object userId{{if .Email}}, string email{{end}}{{else}}string email{{end}})
    {
        string issued = Now().ToString(CultureInfo.InvariantCulture);
        string user = {{if .UserID}}Convert.ToString(userId, CultureInfo.InvariantCulture){{else}}""{{end}};
        string mail = {{if .Email}}email ?? ""{{else}}""{{end}};
        var signed = new List<byte>();
        foreach (string part in new[] { "countersign.v1", "{{.Channel}}", user, mail, issued })
        {
            byte[] bytes = Encoding.UTF8.GetBytes(part);
            signed.AddRange(Encoding.UTF8.GetBytes(bytes.Length + ":"));
            signed.AddRange(bytes);
            signed.Add((byte)',');
        }
        return "v1." + Encode(Encoding.UTF8.GetBytes("{{.Channel}}")) + "." + issued + "." + Encode(Encoding.UTF8.GetBytes(user)) + "."
            + Encode(Encoding.UTF8.GetBytes(mail)) + "." + Encode(Mac(signed.ToArray()));
    }
{{- end}}
{{- if .Members}}

    /// <summary>What the page says of a customer, as JSON. The template escapes it where it stands.</summary>
    public string Customer(object userId, string email, string name)
    {
        return "{"
{{- range $i, $m := .Members}}
            + "{{if $i}},{{end}}\"{{$m.Name}}\":" + Json({{$m.Value}})
{{- end}}
            + "}";
    }
{{- end}}
}
`
