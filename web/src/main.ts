// The console starts here: fonts, tokens, then the app.

import '@fontsource-variable/atkinson-hyperlegible-next';
import '@fontsource-variable/atkinson-hyperlegible-mono';
import './look/tokens.css';
import './look/base.css';
import { mount } from 'svelte';
import App from './App.svelte';
import { listen } from './route.svelte';

listen();
mount(App, { target: document.getElementById('app')! });
