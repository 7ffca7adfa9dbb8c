"use strict";
// Passkeys: asks the device, and sends what it answers. The page says without
// this script that passkeys need it.
(function () {
  var supported = window.PublicKeyCredential && navigator.credentials;
  document.querySelectorAll("form[data-passkey]").forEach(function (form) {
    var said = form.querySelector("[role=status]"), button = form.querySelector("button");
    if (!supported) { said.textContent = form.dataset.none; return; }
    button.disabled = false;
    form.addEventListener("submit", function (e) {
      e.preventDefault();
      button.disabled = true; said.textContent = form.dataset.wait;
      var name = form.querySelector("[name=name]");
      (form.dataset.passkey === "register" ? register(name ? name.value : "") : signIn()).then(function (next) {
        location.href = next;
      }).catch(function (problem) {
        button.disabled = false;
        // A name of an error is said by the browser; a text by the server.
        said.textContent = problem.text || (problem.name === "InvalidStateError" ? form.dataset.have : form.dataset.failed);
      });
    });
  });
  async function signIn() {
    var key = (await ask("/signin/passkey/begin")).publicKey;
    key.challenge = bytes(key.challenge);
    (key.allowCredentials || []).forEach(function (c) { c.id = bytes(c.id); });
    extensions(key);
    var c = await navigator.credentials.get({ publicKey: key });
    return (await ask("/signin/passkey/finish", credential(c, {
      authenticatorData: text(c.response.authenticatorData), clientDataJSON: text(c.response.clientDataJSON),
      signature: text(c.response.signature), userHandle: c.response.userHandle ? text(c.response.userHandle) : undefined
    }))).next;
  }
  async function register(name) {
    var key = (await ask("/me/passkeys/begin")).publicKey;
    key.challenge = bytes(key.challenge); key.user.id = bytes(key.user.id);
    (key.excludeCredentials || []).forEach(function (c) { c.id = bytes(c.id); });
    extensions(key);
    var c = await navigator.credentials.create({ publicKey: key });
    return (await ask("/me/passkeys/finish", { name: name, credential: credential(c, {
      attestationObject: text(c.response.attestationObject), clientDataJSON: text(c.response.clientDataJSON),
      transports: c.response.getTransports ? c.response.getTransports() : []
    }) })).next;
  }
  // extensions decodes what the device is asked for beside: the secret that
  // opens the identity.
  function extensions(key) {
    var prf = key.extensions && key.extensions.prf;
    if (prf && prf.eval) { prf.eval.first = bytes(prf.eval.first); }
  }
  function credential(c, response) {
    var out = {}, prf = c.getClientExtensionResults().prf;
    if (prf) {
      out.prf = { enabled: prf.enabled };
      if (prf.results && prf.results.first) { out.prf.results = { first: text(prf.results.first) }; }
    }
    return { id: c.id, rawId: text(c.rawId), type: c.type, response: response, clientExtensionResults: out,
      authenticatorAttachment: c.authenticatorAttachment || undefined };
  }
  async function ask(path, body) {
    var r = await fetch(path, { method: "POST", headers: { "Accept": "application/json", "Content-Type": "application/json" },
      body: body ? JSON.stringify(body) : null });
    var answer = await r.json().catch(function () { return {}; });
    if (!r.ok) { throw { text: answer.detail }; }
    return answer;
  }
  function bytes(s) {
    var b = atob(s.replace(/-/g, "+").replace(/_/g, "/")), out = new Uint8Array(b.length);
    for (var i = 0; i < b.length; i++) { out[i] = b.charCodeAt(i); }
    return out;
  }
  function text(buffer) {
    var s = "";
    new Uint8Array(buffer).forEach(function (x) { s += String.fromCharCode(x); });
    return btoa(s).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  }
})();
